"""nginx in front of the sandbox: certificates that are not to be trusted are refused with the reason, HTTP/2 and gzip just work."""
import json
import os
import subprocess

from harness import MountTest, die_with_parent, main, wait_for
from sandbox import Sandbox
from test_commands import TOKEN, CommandTest

SERVER = """
    server {
        listen 127.0.0.1:%(port)d ssl%(http2)s;
        ssl_certificate %(name)s.pem;
        ssl_certificate_key %(name)s.key;
        ssl_protocols %(protocols)s;
        gzip on;
        gzip_min_length 1;
        gzip_types application/json;
        location / { %(location)s }
    }
"""
CONFIG = """
daemon off;
pid nginx.pid;
error_log error.log;
events {}
http {
    access_log access.log combined;
    log_format how '$server_protocol $ssl_protocol $sent_http_content_encoding';
    access_log how.log how;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
%s}
"""


class Tls(CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        import tempfile
        cls.top = tempfile.mkdtemp(prefix="outlookfs-tls-")
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", cls.top], check=False)
        cls.make_certificates()
        cls.ports = {}
        servers = ""
        proxy = "proxy_pass http://127.0.0.1:%d; proxy_set_header Authorization $http_authorization;" % cls.sandbox.port
        portal = "default_type text/html; return 200 '<html>Welcome to the hotel</html>';"
        for name, certificate, protocols, location, http2 in (
                ("good", "good", "TLSv1.3", proxy, " http2"), ("old", "good", "TLSv1.2", proxy, ""),
                ("wrong", "wrong", "TLSv1.3", proxy, ""), ("expired", "expired", "TLSv1.3", proxy, ""),
                ("self", "self", "TLSv1.3", proxy, ""), ("portal", "good", "TLSv1.3", portal, "")):
            cls.ports[name] = cls.free_port()
            servers += SERVER % {"port": cls.ports[name], "name": certificate, "protocols": protocols, "location": location,
                                 "http2": http2}
        os.mkdir(os.path.join(cls.top, "tmp"))
        with open(os.path.join(cls.top, "nginx.conf"), "w", encoding="ascii") as file:
            file.write(CONFIG % servers)
        nginx = subprocess.Popen(["/usr/sbin/nginx", "-p", cls.top, "-c", "nginx.conf", "-e", "error.log"],
                                 preexec_fn=die_with_parent, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(nginx.wait, 20)
        cls.addClassCleanup(nginx.terminate)
        wait_for(lambda: os.path.exists(os.path.join(cls.top, "nginx.pid")), "nginx is there")

    @staticmethod
    def free_port():
        sandbox = Sandbox(MountTest.build_dir)
        sandbox.stop()
        return sandbox.port

    @classmethod
    def openssl(cls, *words):
        subprocess.run(["openssl", *words], cwd=cls.top, check=True, capture_output=True)

    @classmethod
    def make_certificates(cls):
        with open(os.path.join(cls.top, "ca.cnf"), "w", encoding="ascii") as file:
            file.write("[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nserial=serial\npolicy=p\ndefault_md=sha256\n"
                       "copy_extensions=copy\nunique_subject=no\n[p]\ncommonName=supplied\n")
        open(os.path.join(cls.top, "index"), "w", encoding="ascii").close()
        with open(os.path.join(cls.top, "serial"), "w", encoding="ascii") as file:
            file.write("01\n")
        cls.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA",
                    "-days", "3650", "-addext", "basicConstraints=critical,CA:TRUE")
        cls.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "self.key", "-out", "self.pem", "-subj",
                    "/CN=localhost", "-days", "3650", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        for name, host, end in (("good", "localhost", "350101000000Z"), ("wrong", "other.example", "350101000000Z"),
                                ("expired", "localhost", "210101000000Z")):
            cls.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + host,
                        "-addext", "subjectAltName=DNS:" + host)
            cls.openssl("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", name + ".csr", "-out",
                        name + ".pem", "-notext", "-startdate", "200101000000Z", "-enddate", end)

    def setUp(self):
        super().setUp()
        self.environment["SSL_CERT_FILE"] = os.path.join(self.top, "ca.pem")

    def at(self, name):
        return ["--url", "https://localhost:%d%s" % (self.ports[name], self.sandbox.base), "--token-file", self.token_file]

    def how(self):
        with open(os.path.join(self.top, "how.log"), encoding="ascii") as file:
            return file.read().splitlines()

    def test_http_2_and_gzip(self):
        self.mount(where=self.at("good"))
        self.assertEqual(len(self.names()), 8)
        self.save("over TLS")
        self.assertEqual(self.run_it("sync", self.mountpoint).returncode, 0)
        self.umount()
        self.assertIn("HTTP/2.0 TLSv1.3 gzip", self.how())

    def test_tls_1_2(self):
        self.mount(where=self.at("old"))
        self.assertEqual(len(self.names()), 8)
        self.umount()
        self.assertIn("HTTP/1.1 TLSv1.2 gzip", self.how())

    def test_refused_certificates(self):
        for name, *says in (("wrong", "localhost", "no alternative certificate subject name"), ("expired", "expired"),
                            ("self", "self-signed")):
            with self.subTest(name):
                self.assertNotMounted(where=self.at(name), says=says)
                links = json.loads(self.run_it("doctor", "--json", "--config", self.configuration(name)).stdout)["links"]
                network, = (link for link in links if link["link"] == "network")
                self.assertFalse(network["ok"])
                self.assertIn(says[-1], network["text"])

    def configuration(self, name):
        return self.file("config-" + name, "url = %s\ntoken-file = %s\n" % (self.at(name)[1], self.token_file))

    def test_an_unknown_authority(self):
        del self.environment["SSL_CERT_FILE"]
        self.assertNotMounted(where=self.at("good"), says="certificate")

    def test_no_token_before_trust(self):
        """nginx has seen no request behind a certificate that was refused."""
        before = len(self.how())
        for name in ("wrong", "expired", "self"):
            self.assertNotMounted(where=self.at(name))
        self.assertEqual(len(self.how()), before)

    def test_a_portal(self):
        """200 and a page is not the service."""
        done = self.mount(where=self.at("portal"), status=1)
        self.assertOneLine(done, "localhost")
        self.assertNotIn(TOKEN, done.stderr)


def load_tests(loader, unused, pattern):
    return loader.loadTestsFromTestCase(Tls)


if __name__ == "__main__":
    main()
