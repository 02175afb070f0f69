"""`./dev demo` from the built programs on: the tour runs to its end and leaves the mailbox mounted."""
import os
import re
import subprocess
import tempfile
import unittest

from harness import MountTest, is_mounted, main

TOURS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "demo")


class Demo(unittest.TestCase):
    def test_tour(self):
        def check(text, again):
            first, second = [int(line.split(":")[1]) for line in text.splitlines() if line.startswith("Number of")]
            self.assertGreater(first, 50)
            self.assertEqual(second, 0)
            self.assertIn('user.outlook.state="pending"', text)
            self.assertIn('user.outlook.state="synced"', text)
            self.assertIn('"MobilePhone1": "+49 30', text)
            for shown in ("by-sender", "about the invoice", "FN:", "letter.eml", "Logged in as"):
                self.assertIn(shown, text)
            again()  # over the one that is still mounted
        self.take("tour", check)

    def test_tour_of_graph(self):
        def check(text, again):
            for shown in ('"flagStatus": "flagged"', "Review.ics", "yes.json", "on.json", '"status": "alwaysEnabled"'):
                self.assertIn(shown, text)
            again()
            mountpoint = re.search("^\\$ outlookfs mount .* '(.*)'$", text, re.M)[1]
            for where in ("drafts", "failed", "queue"):
                self.assertEqual(os.listdir(os.path.join(mountpoint, ".outlookfs", where)), [])
        self.take("tour-graph", check)

    def take(self, name, check):
        build = MountTest.build_dir
        with tempfile.TemporaryDirectory(prefix="outlookfs-demo-", ignore_cleanup_errors=True) as top:
            mountpoint = os.path.join(top, "my mail")
            environment = dict(os.environ, XDG_STATE_HOME=os.path.join(top, "state"),
                               XDG_CACHE_HOME=os.path.join(top, "cache"))

            def tour():
                with open(os.path.join(top, "output"), "w+", encoding="utf-8") as output:
                    done = subprocess.run([os.path.join(TOURS, name), build, mountpoint], stdin=subprocess.DEVNULL, stdout=output,
                                          stderr=subprocess.STDOUT, timeout=100, env=environment)
                    output.seek(0)
                    text = output.read()
                self.assertEqual(done.returncode, 0, text)
                self.assertTrue(is_mounted(mountpoint), text)
                return text

            try:
                check(tour(), tour)
            finally:
                subprocess.run(["fusermount3", "-uz", mountpoint], capture_output=True, timeout=30)


if __name__ == "__main__":
    main()
