"""GitHub's REST API of one repository, on this machine: the requests that the set-up of a pipeline makes.

Its answers have the form of https://docs.github.com/rest: repos, actions/variables, deployments/environments,
deployments/branch-policies, actions/oidc and users.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "a-token"
# As GitHub's schema of a repository's variable and of an environment have it.
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class FakeGitHub:
    """Attributes:
    requests: method, path and body of all that would change something, in their order.
    refusals: a function of method and path that gives the status, headers and body of a refusal, or None.
    """

    def __init__(self, name="octo-org/houses", **repository):
        self.name = name
        self.repository = {
            "id": 345,
            "full_name": name,
            "default_branch": "main",
            "owner": {"id": 12, "login": name.partition("/")[0]},
            "permissions": {"admin": True, "push": True},
            **repository,
        }
        self.sub = {"use_default": True, "use_immutable_subject": False}
        self.environments, self.policies, self.variables = {}, {}, {}
        self.requests, self.refusal = [], lambda _method, _path: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method, path, body):
        """Status and body of the answer to a request with a valid token."""
        if method != "GET":
            self.requests.append((method, path, body))
        if path == "/user":
            return 200, {"login": "octocat", "id": 1}
        if found := re.fullmatch(r"/users/([\w-]+)", path):
            return 200, {"login": found[1], "id": 1000 + len(found[1])}
        if not path.startswith(f"/repos/{self.name}"):
            return 404, {"message": "Not Found"}
        place = path.removeprefix(f"/repos/{self.name}")
        if place == "":
            return 200, self.repository
        if place == "/actions/oidc/customization/sub":
            return 200, self.sub
        if place.startswith("/actions/variables"):
            return self._variable(method, place.removeprefix("/actions/variables").lstrip("/"), body)
        found = re.fullmatch(r"/environments/([\w-]+)(/deployment-branch-policies)?", place)
        return self._environment(method, found[1], body, of_branches=bool(found[2])) if found else (404, {})

    def _variable(self, method, name, body):
        if method == "POST":
            if body["name"] in self.variables or not _VARIABLE.fullmatch(body["name"]):
                return 409, {"message": "Already exists - Variable already exists"}
            self.variables[body["name"]] = body["value"]
            return 201, {}
        if name not in self.variables:
            return 404, {"message": "Not Found"}
        if method == "PATCH":
            self.variables[name] = body["value"]
            return 204, None
        return 200, {"name": name, "value": self.variables[name]}

    def _environment(self, method, name, body, *, of_branches):
        if of_branches:
            if not self.environments.get(name, {}).get("deployment_branch_policy", {}).get("custom_branch_policies"):
                return 404, {"message": "Not Found"}
            self.policies.setdefault(name, []).append(body["name"])
            return 200, {"id": 1, "name": body["name"]}
        if method == "PUT":
            assert body.keys() <= {"wait_timer", "prevent_self_review", "reviewers", "deployment_branch_policy"}
            policy = body["deployment_branch_policy"]
            # GitHub wants exactly one of the two.
            assert policy["protected_branches"] is not policy["custom_branch_policies"]
            self.environments[name] = {"name": name, **body}
            return 200, self.environments[name]
        return (200, self.environments[name]) if name in self.environments else (404, {"message": "Not Found"})

    def _handler(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                headers = {}
                if refused := fake.refusal(self.command, self.path):
                    status, headers, answer = refused
                elif self.headers["Authorization"] != f"Bearer {TOKEN}":
                    status, answer = 401, {"message": "Bad credentials"}
                else:
                    status, answer = fake.answer(self.command, self.path, body)
                content = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = _serve

            def log_message(self, *_):
                pass

        return Handler
