"""The Secret Service of a session, GNOME Keyring's: tokens are in it and in no file; a locked or missing one does no harm."""
import json
import subprocess
import tempfile

from harness import die_with_parent, main, wait_for
import test_login


class Keyring(test_login.LoginTest):
    """Each test with a session bus and a keyring of its own."""

    def setUp(self):
        super().setUp()
        runtime = tempfile.mkdtemp(dir=self.dir)
        bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1", "--address=unix:path=%s/bus" % runtime],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.environment,
                               preexec_fn=die_with_parent)
        self.addCleanup(bus.stdout.close)
        self.addCleanup(bus.wait, 20)
        self.addCleanup(bus.terminate)
        self.bus = bus
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        self.environment["XDG_RUNTIME_DIR"] = runtime

    def start_keyring(self):
        keyring = subprocess.Popen(["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment,
                                   preexec_fn=die_with_parent)
        keyring.stdin.write(b"password")
        keyring.stdin.close()
        self.addCleanup(keyring.wait, 20)
        self.addCleanup(keyring.terminate)
        wait_for(self.keyring_is_there, "the keyring")

    def call(self, destination, path, method, argument):
        return subprocess.run(["gdbus", "call", "--session", "--dest", destination, "--object-path", path, "--method", method, argument],
                              env=self.environment, capture_output=True, text=True, timeout=30, check=False).stdout

    def keyring_is_there(self):
        """Who calls it before its name is on the bus has the bus start another one, which is locked."""
        return "true" in self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
                                   "org.freedesktop.secrets") and \
            "/collection/" in self.call("org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.ReadAlias",
                                        "default")

    def search(self):
        return subprocess.run(["secret-tool", "search", "--all", "client-id", test_login.CLIENT], env=self.environment,
                              capture_output=True, text=True, timeout=30, check=False).stdout

    def test_tokens_are_in_the_keyring(self):
        self.start_keyring()
        self.log_in()
        _, login = self.kept()
        self.assertNotIn("access_token", login)
        self.assertNotIn("refresh_token", login)
        self.assertTrue(login["in_keyring"])
        self.assertIn("refresh_token", self.search())
        self.assertIn("keyring", self.run_it("accounts").stdout)
        self.expire()
        before = len(self.provider.grants("refresh_token"))
        self.mount("flow")
        self.assertEqual(len(self.names()), 3)
        self.assertEqual(len(self.provider.grants("refresh_token")), before + 1)
        self.assertTrue(self.kept()[1]["in_keyring"])
        self.umount()
        self.assertEqual(self.run_it("logout", "flow").returncode, 0)
        self.assertEqual(self.search(), "")

    def test_no_keyring_in_the_session(self):
        self.log_in()
        self.assertTrue(self.kept()[1]["refresh_token"])
        self.mount("flow")
        self.umount()

    def test_outside_of_the_session(self):
        """A mount that cannot reach the keyring says so."""
        self.start_keyring()
        self.log_in()
        for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
            del self.environment[name]
        self.assertOneLine(self.mount("flow", status=1), "keyring", "outlookfs login flow")

    def test_the_mount_outlives_the_session(self):
        self.start_keyring()
        self.log_in()
        self.expire()
        self.mount("flow", "-o", "list_ttl=0")
        self.bus.terminate()
        self.bus.wait(20)
        self.assertEqual(len(self.names()), 3)
        self.assertTrue(json.loads(self.run_it("status", "--json", self.mountpoint).stdout)["authorised"])
        self.umount()


def load_tests(loader, unused, pattern):
    return loader.loadTestsFromTestCase(Keyring)


if __name__ == "__main__":
    main()
