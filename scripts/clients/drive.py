"""Performs OpenStack actions as Mistral does, by its own classes and the Python clients.

Reads one JSON object a line, {"action", "kwargs"}, and answers each with one
line: {} when the client gave a result, {"error": text} when it raised one. What the client
sends goes to the services below --base, so whoever asks sees it there.
{"prepare": service} makes the service's client, for which some ask their service's
version.

The construction of a client is Mistral's own, but where that can't work
with these versions (aodh, gnocchi, zun, designate) or needs Mistral itself
(the workflow service).
"""

import argparse
import contextlib
import inspect
import io
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import time
import warnings

warnings.simplefilter("ignore")

from keystoneauth1 import session as ks_session  # noqa: E402
from keystoneauth1 import token_endpoint  # noqa: E402
from mistral_lib import utils  # noqa: E402
from oslo_config import cfg  # noqa: E402

import mistral_extra.config  # noqa: E402,F401  registers the options
from mistral_extra.actions.openstack import actions  # noqa: E402
from mistral_extra.actions.openstack.utils import context  # noqa: E402

TOKEN = "token"
PROJECT = "p1"
SECONDS = 5  # that a call may take

# The services as Mistral looks for them: type, name, path below the base.
SERVICES = [
    ("compute", "nova", "/compute/v2.1"),
    ("image", "glance", "/image"),
    ("network", "neutron", "/network"),
    ("volumev3", "cinder", "/volume/v3/p1"),
    ("orchestration", "heat", "/heat/v1/p1"),
    ("identity", "keystone", "/identity/v3"),
    ("baremetal", "ironic", "/baremetal"),
    ("baremetal-introspection", "inspector", "/introspection"),
    ("sharev2", "manila", "/share/v2/p1"),
    ("object-store", "swift", "/swift/v1/AUTH_p1"),
    ("database", "trove", "/database/v1.0/p1"),
    ("dns", "designate", "/dns"),
    ("container-infra", "magnum", "/container-infra/v1"),
    ("application-container", "zun", "/container/v1"),
    ("workflowv2", "mistral", "/workflow/v2"),
    ("messaging", "zaqar", "/messaging"),
    ("alarming", "aodh", "/alarming"),
    ("metric", "gnocchi", "/metric"),
]

CLASSES = {
    "nova": actions.NovaAction, "glance": actions.GlanceAction, "keystone": actions.KeystoneAction,
    "heat": actions.HeatAction, "neutron": actions.NeutronAction, "cinder": actions.CinderAction,
    "trove": actions.TroveAction, "ironic": actions.IronicAction,
    "baremetal_introspection": actions.BaremetalIntrospectionAction, "swift": actions.SwiftAction,
    "swiftservice": actions.SwiftServiceAction, "zaqar": actions.ZaqarAction, "magnum": actions.MagnumAction,
    "manila": actions.ManilaAction, "mistral": actions.MistralAction, "zun": actions.ZunAction,
    "aodh": actions.AodhAction, "gnocchi": actions.GnocchiAction, "designate": actions.DesignateAction,
}


class Context:
    """What Mistral's actions read of the context that they run in."""

    auth_token = TOKEN
    project_id = PROJECT
    user_name = "user"
    user_id = "u1"
    insecure = False
    auth_cacert = None
    is_trust_scoped = False
    trust_id = None
    region_name = None

    def __init__(self, base):
        self.base = base
        self.auth_uri = base + "/identity/v3"
        self.security = self
        self.service_catalog = {"methods": ["password"], "catalog": [
            {"type": type_, "name": name, "id": name, "endpoints": [{
                "id": name, "interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": base + path,
            }]} for type_, name, path in SERVICES]}


def session(endpoint):
    return ks_session.Session(auth=token_endpoint.Token(endpoint, TOKEN))


def aodh(ctx):
    from aodhclient.v2 import client
    return client.Client(session(ctx.base + "/alarming"))


def gnocchi(ctx):
    from gnocchiclient.v1 import client
    return client.Client(session(ctx.base + "/metric"), adapter_options={"region_name": "RegionOne"})


def zun(ctx):
    from zunclient import api_versions
    from zunclient.v1 import client
    return client.Client(
        api_versions.APIVersion(api_versions.MAX_API_VERSION),
        endpoint_override=ctx.base + "/container/v1", session=session(ctx.base + "/container/v1"))


def designate(ctx):
    from designateclient.v2 import client
    return client.Client(session=session(ctx.base + "/dns"), endpoint_override=ctx.base + "/dns/v2")


def mistral(ctx):
    from mistralclient.api.v2 import client
    url = ctx.base + "/workflow/v2"
    auth = token_endpoint.Token(url, TOKEN)
    return client.Client(mistral_url=url, session=ks_session.Session(auth=auth), auth=auth)


MADE_HERE = {"aodh": aodh, "gnocchi": gnocchi, "zun": zun, "designate": designate, "mistral": mistral}


# Mistral makes a client for each action. Those that ask their service for its
# version are made once here; others keep nothing between calls.
ASKS_VERSION = {"nova", "cinder", "manila", "baremetal_introspection"}


class TookTooLong(Exception):
    pass


def on_alarm(*_):
    raise TookTooLong("no result after %d seconds" % SECONDS)


def call_method(method, kwargs):
    """Calls the method and makes JSON of its result as Mistral does, which may ask for more."""
    result = method(**kwargs)
    if inspect.isgenerator(result):
        result = list(result)
    utils.to_json_str(result)


class Driver:
    def __init__(self, base):
        self.context = Context(base)
        context.set_ctx(self.context)
        self.clients = {}
        path = os.path.join(os.path.dirname(inspect.getfile(actions)), "mapping.json")
        with open(path, encoding="utf-8") as f:
            self.mapping = json.load(f)

    def client(self, service):
        if service in self.clients:
            return self.clients[service]
        make = MADE_HERE.get(service)
        client = make(self.context) if make else CLASSES[service]()._create_client(self.context)
        if service in ASKS_VERSION:
            self.clients[service] = client
        return client

    def perform(self, action, kwargs):
        service, _, name = action.partition(".")
        cls = type("Action", (CLASSES[service],), {"client_method_name": self.mapping[service][name]})
        client = self.client(service)
        if service == "manila":  # which would send it with all later calls; Mistral makes a client for each
            client.client.default_headers.pop("X-OpenStack-Manila-API-Experimental", None)
        call_method(cls._get_client_method(client), kwargs)

    def answer(self, question):
        signal.alarm(SECONDS)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                if "prepare" in question:
                    self.client(question["prepare"])
                else:
                    self.perform(question["action"], question["kwargs"])
            return {}
        except (Exception, SystemExit) as e:  # whatever a client raises is its answer
            return {"error": "%s: %s" % (type(e).__name__, e)}
        finally:
            signal.alarm(0)
            for name in os.listdir("."):  # what one call wrote another must not read
                if os.path.isfile(name):
                    os.remove(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", required=True, help="the URL below which the services lie")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    socket.setdefaulttimeout(SECONDS)
    signal.signal(signal.SIGALRM, on_alarm)
    cfg.CONF.register_opts([cfg.StrOpt("region_name")], group="keystone_authtoken")
    cfg.CONF([], project="clients", default_config_files=[])
    time.sleep = lambda _: None  # what is tried again is tried at once
    driver = Driver(args.base.rstrip("/"))
    out = sys.stdout
    questions = sys.stdin
    sys.stdin = io.StringIO()  # clients that read it read nothing
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # clients that write files write them here
        for line in questions:
            out.write(json.dumps(driver.answer(json.loads(line))) + "\n")
            out.flush()
        os.chdir("/")


if __name__ == "__main__":
    main()
