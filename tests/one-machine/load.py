"""A steady mix of what an operator's customers do, written down: what was acknowledged, what was
refused and how, and what somebody was not shown of what they had just written."""

import http.client
import json
import random
import threading
import time
import urllib.parse
import uuid
from collections import Counter, deque
from dataclasses import dataclass
from typing import Callable

from cast import ANSWER_SECONDS_MAX, AREA_CODE, ENTERPRISES, PASSWORD, Cast, Client, cnpj

WORKERS = 6
PAUSE_SECONDS = 0.02
FAILURE_STATUS = 503
# Of what somebody was shown instead, so much is printed.
UNSEEN_LENGTH_MAX = 500
# Of the acknowledged requests, so many are made once more.
REPEATED = 0.25
MIX = {"companies": 3, "company": 3, "bills": 3, "search": 4, "enterprises": 2, "school": 2,
       "register": 2, "order": 3, "telephone": 2, "location": 2, "sign_up": 1}


def cpf(number):
    digits = [int(digit) for digit in f"{number:09}"]
    for _ in range(2):
        rest = sum(digit * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1))) * 10 % 11
        digits.append(rest % 10)
    return "".join(map(str, digits))


@dataclass
class Deed:
    """A request that is to have its effect once, however often it is made."""
    kind: str
    client: Client
    path: str
    body: dict
    # What its author does when it is acknowledged.
    then: Callable[[dict], None]
    key: str
    answer: object = None


class Load:
    def __init__(self, cast: Cast):
        self.cast, self.running, self.phase = cast, True, "start"
        self.counted, self.repeats = Counter(), 0
        self.failed, self.wrong, self.unseen, self.changed = [], [], [], []
        self.companies_before = cast.operator.do("GET", "/companies?limit=1")["pagination"]["totalCount"]
        self.done, self.unfinished = {kind: [] for kind in MIX}, deque()
        self.numbers, self.lock = iter(range(20_000_000, 90_000_000)), threading.Lock()
        self.workers = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]
        for worker in self.workers:
            worker.start()

    def _work(self):
        while self.running:
            with self.lock:
                unfinished = self.unfinished.popleft() if self.unfinished else None
            kind = random.choices(list(MIX), MIX.values())[0]
            try:
                if unfinished:
                    self._do(unfinished)
                else:
                    getattr(self, kind)()
            except Exception as error:  # An answer without what was to be in it.
                with self.lock:
                    self.wrong.append((self.phase, kind, repr(error)))
            time.sleep(PAUSE_SECONDS)

    def stop(self):
        """Ends, once everything that was not acknowledged is."""
        self.running = False
        for worker in self.workers:
            worker.join()
        deadline = time.monotonic() + 60
        while self.unfinished and time.monotonic() < deadline:
            self._do(self.unfinished.popleft())

    # What is read.

    def companies(self):
        self._ask("companies", self.cast.operator, "GET", "/companies")

    def company(self):
        known = self._any("register")
        path = f"/companies/{known['id'] if known else self.cast.company}"
        self._ask("company", self.cast.operator, "GET", path)

    def bills(self):
        self._ask("bills", self.cast.manager, "GET", f"/companies/{self.cast.company}/invoices")
        found = self._ask("bills", self.cast.owner, "GET", f"{self.cast.subscription}/invoices")
        self._shown("bills", found, lambda body: body["hydra:totalItems"] == 1)

    def search(self):
        known = self._any("order")
        term = known["phone_number"][-random.choice((4, 8)):] if known else "9900"
        self._ask("search", self.cast.manager, "GET",
                  f"/companies/{self.cast.company}/phone-accounts?searchTerm={term}")

    def enterprises(self):
        found = self._ask("enterprises", self.cast.enterprise, "GET", "/v2/enterprises")
        self._shown("enterprises", found, lambda body: len(body["data"]) == ENTERPRISES)

    def school(self):
        found = self._ask("school", self.cast.partner, "GET", "/data/partner/v1/schools")
        self._shown("school", found, lambda body: len(body["data"]) == 1)

    # What is written, and looked for at once by who wrote it.

    def register(self):
        number = self._number()
        # Its number alone may also stand in the middle of another's CNPJ.
        email = f"c{number}@mail.example"
        body = {"officialName": f"Company {number} S.A.", "cnpj": cnpj(number), "email": email}
        def then(company):
            found = self._ask("own company", self.cast.operator, "GET", f"/companies?searchTerm={email}")
            self._shown("company", found, lambda body: [one["id"] for one in body["companies"]] == [company["id"]])
        self._begin("register", self.cast.operator, "/companies", body, then)

    def order(self):
        path = f"/companies/{self.cast.company}/phone-accounts"
        def then(line):
            found = self._ask("own line", self.cast.manager, "GET", f"{path}?limit=100")
            self._shown("line", found, lambda body: line["id"] in [one["id"] for one in body["phone_accounts"]])
        body = {"subscription_plan_id": self.cast.plan, "area_code": AREA_CODE}
        self._begin("order", self.cast.manager, path, body, then)

    def telephone(self):
        def then(extension):
            asked = urllib.parse.quote(json.dumps({"where": {"ramal": extension["ramal"]}}))
            found = self._ask("own telephone", self.cast.voice, "GET", f"/api/v1/extensions?filter={asked}")
            self._shown("telephone", found, lambda body: [one["id"] for one in body] == [extension["id"]])
        self._begin("telephone", self.cast.voice, "/api/v1/extensions/next-available", {"first_name": "Ana"}, then)

    def location(self):
        def then(_):
            with self.lock:
                known = len(self.done["location"])
            found = self._ask("own location", self.cast.owner, "GET", "/locations")
            self._shown("location", found, lambda body: body["hydra:totalItems"] >= known)
        body = {"name": "Filial", "officeOpenHour": 9, "officeCloseHour": 17}
        self._begin("location", self.cast.owner, "/locations", body, then)

    def sign_up(self):
        number, anybody = self._number(), self.cast.anybody
        def then(form):
            passwords = {"password": PASSWORD, "confirm_password": PASSWORD}
            self._begin("sign_up", anybody, f"/signup-forms/{form['id']}/complete", passwords, lambda _: None)
        form = {"email": f"p{number}@mail.example", "full_name": f"Person {number}", "cpf": cpf(number),
                "date_of_birth": "1990-01-01", "subscription_plan_id": self.cast.plan, "area_code": AREA_CODE}
        self._begin("form", anybody, "/signup-forms", form, then)

    # How.

    def _number(self):
        with self.lock:
            return next(self.numbers)

    def _any(self, kind):
        """The answer to something of that kind that was done."""
        with self.lock:
            return random.choice(self.done[kind]).answer[1] if self.done[kind] else None

    def _begin(self, kind, client, path, body, then):
        self._do(Deed(kind, client, path, body, then, str(uuid.uuid4())))

    def _do(self, deed):
        answer = self._ask(deed.kind, deed.client, "POST", deed.path, deed.body, deed.key)
        if not answer:
            with self.lock:
                self.unfinished.append(deed)
            return
        answer = (answer.status, answer.body)
        if deed.answer is None:
            deed.answer = answer
            with self.lock:
                self.done.setdefault(deed.kind, []).append(deed)
            deed.then(answer[1])
            if random.random() < REPEATED:
                self._do(deed)
        else:
            with self.lock:
                self.repeats += 1
                if deed.answer != answer:
                    self.changed.append((self.phase, deed.kind, deed.path))

    def _ask(self, kind, client, method, path, body=None, key=None):
        """The answer, unless it is a failure."""
        phase, began, answer = self.phase, time.monotonic(), None
        try:
            answer = client.ask(method, path, body, key)
            status = answer.status
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            status = type(error).__name__
        took = time.monotonic() - began
        failed = not isinstance(status, int) or status >= 400
        promised = status == FAILURE_STATUS and answer.retry_after and took < ANSWER_SECONDS_MAX
        with self.lock:
            self.counted[phase, kind, status] += 1
            if failed:
                failure = (phase, kind, status, f"{took:.1f} s", answer and answer.body)
                self.failed.append(failure)
                if not promised:
                    self.wrong.append(failure)
        return None if failed else answer

    def _shown(self, what, answer, is_there):
        if answer and not is_there(answer.body):
            with self.lock:
                self.unseen.append((self.phase, what, json.dumps(answer.body)[:UNSEEN_LENGTH_MAX]))

    # What came of it.

    def failures(self, phase):
        with self.lock:
            return [failure for failure in self.failed if failure[0] == phase]

    def requests(self, phase):
        return sum(count for (of, _, _), count in self.counted.items() if of == phase)

    def kinds(self):
        """How many requests of each kind, and how many of these failed."""
        found = {}
        for (_, kind, status), count in self.counted.items():
            requests, failures = found.get(kind, (0, 0))
            failed = not isinstance(status, int) or status >= 400
            found[kind] = (requests + count, failures + (count if failed else 0))
        return found

    def complaints(self):
        """What is not as it was acknowledged, or not as it was promised."""
        cast = self.cast
        for what, found in (("failures were not a prompt 503 with Retry-After", self.wrong),
                            ("times somebody was not shown what they had written", self.unseen),
                            ("repeats were answered otherwise than the first time", self.changed),
                            ("requests were never acknowledged", self.unfinished)):
            for one in list(found)[:10]:
                print("  ", what, *one if isinstance(one, tuple) else [one])
            if found:
                yield f"{len(found)} {what}"
        lines = f"/companies/{cast.company}/phone-accounts"
        totals = {
            "register": cast.operator.do("GET", "/companies?limit=1")["pagination"]["totalCount"]
                        - self.companies_before,
            "order": cast.manager.do("GET", f"{lines}?limit=1")["pagination"]["totalCount"],
            "telephone": len(cast.voice.do("GET", "/api/v1/extensions")),
            "location": cast.owner.do("GET", "/locations")["hydra:totalItems"],
        }
        for kind, total in totals.items():
            print(f"{kind}: {len(self.done[kind])} acknowledged, {total} there")
            if total != len(self.done[kind]):
                yield f"{kind}: {len(self.done[kind])} were acknowledged, and there are {total}"
        for kind, client, path in (("register", cast.operator, "/companies"), ("order", cast.manager, "/phone-accounts"),
                                   ("location", cast.owner, "/locations"),
                                   ("telephone", cast.voice, "/api/v1/extensions")):
            lost = [deed for deed in self.done[kind]
                    if client.ask("GET", f"{path}/{deed.answer[1]['id']}").status != 200]
            if lost:
                yield f"{kind}: {len(lost)} acknowledged are not there"
        without = [deed for deed in self.done["sign_up"] if not self._has_line(deed.answer[1])]
        print(f"sign_up: {len(self.done['sign_up'])} acknowledged, {len(without)} without their line")
        if without:
            yield f"{len(without)} people who signed up do not have their one line"

    def _has_line(self, person):
        token = self.cast.log_in(person["user"]["email"], PASSWORD)
        lines = self.cast.bearer(token).do("GET", "/phone-accounts")["phone_accounts"]
        return [line["id"] for line in lines] == [person["phone_account_id"]]
