"""No token of a login is in an argument, an environment, the log, status, an attribute, or a file that is not its own."""
import os
import re
import subprocess

from harness import main
import test_login
from test_commands import contents, processes


class Secrets(test_login.LoginTest):
    def setUp(self):
        super().setUp()
        self.file("traced", "#!/bin/sh\nexec strace -f -qq -v -s 65536 -e trace=execve -o '%s/trace.'$$ '%s' \"$@\"\n"
                  % (self.dir, self.program), 0o755)
        self.real, self.program = self.program, self.inside("traced")
        self.secrets = set()

    def remember(self):
        login = self.kept()[1]
        self.secrets |= {login["access_token"].encode(), login["refresh_token"].encode()}

    def assertNowhere(self, text, where):
        for secret in self.secrets:
            self.assertNotIn(secret, text, where)

    def look_at_files(self):
        for top, _, names in os.walk(self.dir):
            if top.startswith(self.mountpoint):
                continue
            for name in names:
                path = os.path.join(top, name)
                text = contents(path)
                if os.path.basename(top) == "tokens":
                    self.assertEqual(os.stat(path).st_mode & 0o777, 0o600, path)
                else:
                    self.assertNowhere(text, path)

    def look_at_mount(self):
        pid, = (pid for pid, line in processes(self.mountpoint) if "strace" not in line and "mount" in line)
        for name in ("cmdline", "environ"):
            self.assertNowhere(contents("/proc/%d/%s" % (pid, name)), name)
        self.assertEqual(re.search(rb"Max core file size +(\d+)", contents("/proc/%d/limits" % pid)).group(1), b"0")
        for name in os.listdir(self.path(".outlookfs")):
            if os.path.isfile(self.path(".outlookfs", name)) and name != "control":
                self.assertNowhere(contents(self.path(".outlookfs", name)), name)
        for name in self.names():
            for attribute in os.listxattr(self.path("contacts/Contacts", name)):
                self.assertNowhere(os.getxattr(self.path("contacts/Contacts", name), attribute), attribute)

    def test_device_code_mount_and_renewal(self):
        self.log_in()
        self.remember()
        self.expire()
        self.start("-o", "list_ttl=0,debug", "flow")
        self.remember()
        self.assertEqual(len(self.names()), 3)
        self.sandbox.fault(status=401, count=0)             # an error quotes what it was asked with
        self.names()
        self.sandbox.clear_faults()
        self.remember()
        self.look_at_mount()
        for command in (["status", self.mountpoint], ["accounts"], ["doctor", "--json", "flow"]):
            done = self.run_it(*command)
            self.assertNowhere((done.stdout + done.stderr).encode(), command)
        self.program = self.real
        self.umount()
        self.look_at_files()
        traces = [name for name in os.listdir(self.dir) if name.startswith("trace.")]
        self.assertGreater(len(traces), 3)
        self.assertIn(b"execve(", contents(self.inside(traces[0])))

    def test_browser(self):
        browser = self.file("browser", "#!/bin/sh\nenv > %s/browser.env\ncurl -sSL -c %s/jar -b %s/jar \"$1\" > %s/page\n"
                            % (self.dir, self.dir, self.dir, self.dir), 0o755)
        process = self.begin("flow", DISPLAY=":7", BROWSER=browser)
        self.assertEqual(process.wait(60), 0, process.stderr.read())
        self.remember()
        self.assertNowhere(process.stdout.read().encode(), "standard output")
        self.look_at_files()
        self.assertTrue(subprocess.run(["grep", "-q", "PATH=", self.inside("browser.env")], check=False).returncode == 0)


def load_tests(loader, unused, pattern):
    return loader.loadTestsFromTestCase(Secrets)


if __name__ == "__main__":
    main()
