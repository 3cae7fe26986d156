"""Those who use it, each made as in earnest: by the operator, by mailed links, by logging in."""

import base64
import http.client
import json
import urllib.parse
import uuid

import grpc
from surroundings import until

# What the gateway promises of any request, and a little.
ANSWER_SECONDS_MAX = 15 + 2
PASSWORD = "a password of the load"
BRAZIL = "c8a098d7b6932c2"
AREA_CODE = 41
ENTERPRISES = 3


def cnpj(number):
    digits = [int(digit) for digit in f"{number:08}0001"]
    for weights in ([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]):
        rest = sum(digit * weight for digit, weight in zip(digits, weights)) % 11
        digits.append(0 if rest < 2 else 11 - rest)
    return "".join(map(str, digits))


class Answer:
    def __init__(self, answer):
        self.status, self.retry_after = answer.status, answer.getheader("Retry-After")
        text = answer.read()
        self.body = json.loads(text) if text else None


class Client:
    """Speaks to the gateway, each request on a connection of its own, as through an ingress."""

    def __init__(self, port, authorization=None, media_type="application/json", company=None):
        self.port, self.media_type = port, media_type
        self.headers = {"Authorization": authorization} if authorization else {}
        if company:
            self.headers["X-Company"] = company

    def ask(self, method, path, body=None, key=None):
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        if isinstance(body, dict):
            headers["Content-Type"], body = self.media_type, json.dumps(body)
        elif body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS_MAX + 5)
        try:
            connection.request(method, path, body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def do(self, method, path, body=None):
        """The answer, which is no refusal."""
        answer = self.ask(method, path, body, str(uuid.uuid4()) if method == "POST" else None)
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body}")
        return answer.body


class Cast:
    def __init__(self, machine):
        self.machine, self.port = machine, machine.balancers["gateway"].port
        self.anybody = Client(self.port)
        secret = machine.manifests.of("Secret", "identity-secrets")["data"]
        email, password = (base64.b64decode(secret[f"operator-{key}"]).decode() for key in ("email", "password"))
        self.operator_token = self.log_in(email, password)
        self.operator = self.bearer(self.operator_token)
        self.plan = self.operator.do("POST", "/subscription-plans", {
            "name": "Essencial", "available_data_gb": 5, "price_cents": 2990, "data_unit_amount_cents": 1000})["id"]
        self.operator.do("POST", "/phone-numbers", {
            "area_code": AREA_CODE, "first_number": f"+55{AREA_CODE}990000000", "last_number": f"+55{AREA_CODE}990009999"})
        self.company = self.operator.do("POST", "/companies", {
            "officialName": "Aurora S.A.", "cnpj": cnpj(19_999_999), "email": "aurora@mail.example"})["id"]
        self.manager = self.bearer(self.appoint(self.company, "manager@mail.example"))
        self._make_enterprise()
        self._make_school()
        self._make_voice_account()
        self._make_workspace()

    def bearer(self, token, **more):
        return Client(self.port, f"Bearer {token}", **more)

    def log_in(self, email, password):
        return self.anybody.do("POST", "/login", {"email": email, "password": password})["access_token"]

    def appoint(self, company, email):
        """Makes somebody manager of a company by a mailed invitation; their token."""
        self.operator.do("PUT", f"/companies/{company}/managers", {"user_email": email, "user_name": "Manager"})
        link = self.mailed_link(email)
        token = urllib.parse.parse_qs(link.query)["token"][0]
        return self.anybody.do("POST", f"{link.path}/accept", {"token": token, "password": PASSWORD})["access_token"]

    def mailed_link(self, email):
        def links():
            mails = (json.loads(path.read_text(encoding="utf-8"))
                     for path in (self.machine.folder / "mail-identity").glob("*.json"))
            return [link for mail in mails if mail["to"] == email for link in mail["links"]]
        until(f"there is a mail to {email}", links, seconds=30)
        return urllib.parse.urlparse(links()[0])

    def rpc(self, context, method, values):
        pod = next(pod for pod in self.machine.pods if pod.part == context)
        return grpc.call(context, method, values, f"127.0.0.1:{pod.port}", self.machine.certificates,
                         self.operator_token)

    def _make_enterprise(self):
        values = {"name": "Frota", "cnpj": cnpj(19_999_998), "timezone": "America/Sao_Paulo", "country_id": BRAZIL}
        made = self.rpc("company", "EnterpriseAdminService/RegisterEnterprise",
                        {"values": values, "is_main_client": True})["enterprise"]
        self.enterprise = self.bearer(self.appoint(made["company_id"], "fleet@mail.example"))
        for number in range(1, ENTERPRISES):
            self.enterprise.do("POST", "/v2/enterprises", {"data": {
                "attributes": {"name": f"Frota {number}", "cnpj": cnpj(19_999_990 + number),
                               "timezone": "America/Sao_Paulo"},
                "relationships": {"country": {"type": "country", "id": BRAZIL}}}})

    def _make_school(self):
        program = {"client_id": "agenda", "name": "Agenda", "product": "Agenda"}
        secret = self.rpc("identity", "ClientAppService/PutClientApp", {"client_app": program})["client_secret"]
        self.rpc("company", "SchoolService/PutTenant",
                 {"tenant": {"reference": "group", "name": "Grupo Norte", "brand": "NORTE"}})
        school = {"reference": "north", "tenant_reference": "group", "trade_name": "Escola Norte",
                  "company_name": "Escola Norte Ltda"}
        self.rpc("company", "SchoolService/PutSchool", {"school": school})
        integration = {"client_id": "agenda", "school_reference": "north", "external_integration_id": "INT-1",
                       "school_external_id": "SCHOOL001"}
        self.rpc("company", "SchoolService/PutSchoolIntegration", {"integration": integration})
        form = {"grant_type": "client_credentials", "client_id": "agenda", "client_secret": secret}
        token = self.anybody.do("POST", "/oauth2/token", urllib.parse.urlencode(form))["access_token"]
        self.partner = self.bearer(token)

    def _make_voice_account(self):
        account = {"email": "voice@mail.example", "password": PASSWORD}
        self.anybody.do("POST", "/api/v1/accounts/signup", account | {
            "organization_name": "Voz", "phone": "4133334444", "domain": "voz.example"})
        link = self.mailed_link(account["email"])
        self.anybody.do("GET", f"{link.path}?{link.query}")
        self.voice = Client(self.port, self.anybody.do("POST", "/api/v1/users/login", account)["id"])

    def _make_workspace(self):
        account = {"username": "manager@mail.example", "password": PASSWORD}
        def owner(company=None):
            token = self.anybody.do("POST", "/api/login", account)["token"]
            return self.bearer(token, media_type="application/ld+json", company=company)
        organization = owner().do("POST", "/organizations", {"name": "Oficina"})
        # A token carries the roles of when it was made.
        self.owner = owner(organization["id"])
        address = self.owner.do("POST", "/organization-addresses", {
            "street": "Rua das Flores", "number": "120", "city": "Curitiba", "state": "PR",
            "postalCode": "80020-090", "country": "/countries/BR"})
        self.subscription = self.owner.do("POST", "/subscriptions", {
            "organization": organization["@id"], "organizationAddress": address["@id"], "type": "monthly",
            "products": ["workspace"]})["@id"]
