"""Each policy notices what it is there for. Run with `python3 -m unittest discover`."""

import copy
import unittest

import yaml

import manifests as checks
import arrows
import bus
import policies

RENDERED = None


def rendered():
    global RENDERED
    if RENDERED is None:
        text = checks.render("production")
        RENDERED = [resource for resource in yaml.safe_load_all(text) if resource]
    return copy.deepcopy(RENDERED)


class Spoilt(unittest.TestCase):
    def setUp(self):
        self.resources = rendered()

    def one(self, kind, name):
        return next(
            resource
            for resource in self.resources
            if resource["kind"] == kind and resource["metadata"]["name"] == name
        )

    def container(self):
        return policies.pod(self.one("Deployment", "telecom"))["containers"][0]

    def notices(self, policy, what):
        complaints = list(policy(self.resources))
        self.assertTrue(any(what in complaint for complaint in complaints), complaints)

    def test_unspoilt(self):
        self.assertEqual(checks.check("production", self.resources), [])

    def test_misspelt_field(self):
        self.container()["redinessProbe"] = {}
        self.notices(checks.validate, "redinessProbe")

    def test_latest(self):
        for image in ("linha/telecom", "linha/telecom:latest", "registry:5000/linha/telecom"):
            self.container()["image"] = image
            self.notices(policies.images_have_a_version, image)

    def test_migration_of_another_release(self):
        job = self.one("Job", "telecom-migration-0-1-0")
        policies.pod(job)["containers"][0]["image"] = "registry:5000/linha-telecom:0.2.0"
        self.notices(policies.migrations_are_of_their_release, "brings the release 0.2.0")

    def test_migration_with_dots_in_its_name(self):
        self.one("Job", "telecom-migration-0-1-0")["metadata"]["name"] = "telecom-migration-0.1.0"
        self.notices(policies.migrations_are_of_their_release, "cannot have such a name")

    def test_root(self):
        del policies.pod(self.one("Deployment", "telecom"))["securityContext"]["runAsNonRoot"]
        self.notices(policies.pods_are_restricted, "may run as root")

    def test_writable(self):
        self.container()["securityContext"]["readOnlyRootFilesystem"] = False
        self.notices(policies.pods_are_restricted, "may write")

    def test_token(self):
        policies.pod(self.one("Deployment", "telecom"))["automountServiceAccountToken"] = True
        self.notices(policies.accounts_have_no_token, "mounts a token")

    def test_default_account(self):
        del policies.pod(self.one("Deployment", "telecom"))["serviceAccountName"]
        self.notices(policies.accounts_have_no_token, "no account")

    def test_no_limit(self):
        del self.container()["resources"]["limits"]["memory"]
        self.notices(policies.resources_are_bounded, "no limits of memory")

    def test_no_probe(self):
        del self.container()["readinessProbe"]
        self.notices(policies.deployments_are_watched_and_end_well, "no readinessProbe")

    def test_killed_too_early(self):
        policies.pod(self.one("Deployment", "telecom"))["terminationGracePeriodSeconds"] = 30
        self.notices(policies.deployments_are_watched_and_end_well, "is killed")

    def test_connections_cut(self):
        for variable in policies.pod(self.one("Deployment", "gateway"))["containers"][0]["env"]:
            if variable["name"] == "LINHA_LINGER_MS":
                variable["value"] = "0"
        self.notices(policies.deployments_are_watched_and_end_well, "cuts connections that are kept")

    def test_no_budget(self):
        self.resources.remove(self.one("PodDisruptionBudget", "telecom"))
        self.notices(policies.deployments_scale_and_survive, "no disruption budget")

    def test_service_without_pods(self):
        self.one("Service", "telecom")["spec"]["selector"]["app.kubernetes.io/name"] = "telecon"
        self.notices(policies.services_lead_somewhere, "leads to 0")

    def test_secret_in_the_open(self):
        self.container()["env"].append({"name": "LINHA_SERVICE_SECRET", "value": "x"})
        self.notices(policies.secrets_are_referred_to, "stands in the manifest")

    def test_secret_that_nobody_makes(self):
        policies.pod(self.one("Deployment", "telecom"))["volumes"][0]["secret"]["secretName"] = "x"
        self.notices(policies.secrets_are_referred_to, "nobody makes the secret x")

    def test_setting_that_nobody_reads(self):
        self.container()["env"].append({"name": "LINHA_LISTENS", "value": "x"})
        self.notices(policies.settings_exist, "nobody reads LINHA_LISTENS")

    def test_too_many_replicas(self):
        self.one("HorizontalPodAutoscaler", "telecom")["spec"]["maxReplicas"] = 100
        self.notices(policies.databases_have_room, "connections wanted")

    def test_log_of_changes_without_room(self):
        self.one("Cluster", "telecom-db")["spec"]["walStorage"]["size"] = "1Gi"
        self.notices(policies.logs_of_changes_have_room, "a log of 1GB and 512MB in 1Gi")

    def test_replicas_unused(self):
        variables = self.container()["env"]
        self.container()["env"] = [
            variable for variable in variables if variable["name"] != "LINHA_DATABASE_READ_ONLY_URL"
        ]
        self.notices(policies.lists_are_read_from_replicas, "Deployment/telecom: reads from replicas of []")

    def test_replicas_of_another(self):
        for variable in self.container()["env"]:
            if variable["name"] == "LINHA_DATABASE_READ_ONLY_URL":
                variable["value"] = variable["value"].replace("telecom-db", "billing-db")
        self.notices(policies.lists_are_read_from_replicas, "of ['billing-db'] instead of ['telecom-db']")

    def test_open_namespace(self):
        del self.one("Namespace", "linha")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        self.notices(policies.namespaces_are_restricted, "lets anything run")

    def test_alert_without_runbook(self):
        rules = self.one("PrometheusRule", "linha")["spec"]["groups"][0]["rules"]
        rules[0]["alert"] = "SomethingIsOdd"
        self.notices(checks.alerts_are_explained, "SomethingIsOdd")

    def settings_of_nats(self):
        return next(
            resource["data"]
            for resource in self.resources
            if resource["kind"] == "ConfigMap" and "nats.conf" in resource["data"]
        )

    def test_settings_that_nats_refuses(self):
        settings = self.settings_of_nats()
        settings["nats.conf"] += "\nlame_duck_duration: 20s\n"
        self.notices(bus.broken, "minimum is 30 seconds")

    def test_nats_ends_without_a_word(self):
        del policies.pod(self.one("StatefulSet", "nats"))["containers"][0]["lifecycle"]
        self.notices(bus.broken, "does not say that it is to end")

    def test_nats_is_killed_too_early(self):
        policies.pod(self.one("StatefulSet", "nats"))["terminationGracePeriodSeconds"] = 35
        self.notices(bus.broken, "is killed before the 35 s")

    def test_no_deny(self):
        self.resources = [
            resource for resource in self.resources if resource["kind"] != "NetworkPolicy"
        ]
        self.notices(arrows.broken, "open: something-else → gateway")

    def test_cut_off(self):
        self.resources.remove(self.one("NetworkPolicy", "billing"))
        self.notices(arrows.broken, "cut off: gateway/gateway → billing/service")

    def test_restored_database_cut_off(self):
        policy = self.one("NetworkPolicy", "telecom-db")["spec"]
        policy["podSelector"] = {"matchLabels": {"cnpg.io/cluster": "telecom-db"}}
        self.notices(arrows.broken, "→ telecom-db-restored/instance:5432")

    def test_foreign_database(self):
        policy = self.one("NetworkPolicy", "telecom-db-pooler")
        policy["spec"]["ingress"][0]["from"][0] = {"podSelector": {}}
        egress = self.one("NetworkPolicy", "billing")
        egress["spec"]["egress"].append({"to": [{"podSelector": {}}]})
        self.notices(arrows.broken, "open: billing/service → telecom-db")


if __name__ == "__main__":
    unittest.main()
