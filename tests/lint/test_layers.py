"""The checker of the layers' borders against small trees with one offence each."""
import os
import subprocess
import sys
import tempfile
import unittest

CHECKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers")


class Layers(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            run = subprocess.run([sys.executable, CHECKER, root], capture_output=True, text=True, timeout=30)
            return run.returncode, run.stdout

    def assertClean(self, path, text, **more):
        self.assertEqual(self.check({path: text, **more}), (0, ""))

    def assertOffence(self, path, text, where, why):
        status, out = self.check({path: text})
        self.assertEqual(status, 1, out)
        self.assertEqual(len(out.splitlines()), 1, out)
        self.assertTrue(out.startswith(where + ": "), out)
        self.assertIn(why, out)

    def test_downwards_is_fine(self):
        self.assertClean("src/sync/a.c", "#include <outlookfs/remote/remote.h>\n#include <outlookfs/base/buf.h>\n"
                                         "#include <stdio.h>\n#include <cjson/cJSON.h>\n")

    def test_through_layers_between(self):
        self.assertClean("include/outlookfs/fs/fs.h", "#include <outlookfs/model/kind.h>\n")

    def test_upwards(self):
        self.assertOffence("src/store/a.c", "\n#include <outlookfs/sync/mailbox.h>\n", "src/store/a.c:2",
                           "store may not use sync")

    def test_sideways(self):
        self.assertOffence("src/store/a.c", "#include <outlookfs/http/http.h>\n", "src/store/a.c:1",
                           "store may not use http")

    def test_upwards_in_a_contract(self):
        self.assertOffence("include/outlookfs/base/a.h", "#include <outlookfs/model/kind.h>\n",
                           "include/outlookfs/base/a.h:1", "base may not use model")

    def test_the_adapter_sees_fs_only(self):
        self.assertOffence("src/fuse/a.c", "#include <outlookfs/store/cache.h>\n", "src/fuse/a.c:1",
                           "fuse may not use store")

    def test_library_in_its_layer(self):
        self.assertClean("src/store/a.c", "#include <sqlite3.h>\n")

    def test_library_elsewhere(self):
        for header, layer in (("sqlite3.h", "sync"), ("curl/curl.h", "remote"), ("fuse_lowlevel.h", "fs"),
                             ("fuse3/fuse.h", "cli"), ("microhttpd.h", "http"), ("ini.h", "sync")):
            self.assertOffence("src/%s/a.c" % layer, "#  include <%s>\n" % header, "src/%s/a.c:1" % layer,
                               "seen by")

    def test_private_header_of_another_layer(self):
        self.assertOffence("src/sync/a.c", '#include "../store/db_p.h"\n', "src/sync/a.c:1", "own layer")

    def test_private_header_of_the_layer(self):
        self.assertClean("src/sync/a.c", '#include "a_p.h"\n', **{"src/sync/a_p.h": ""})

    def test_folders_of_a_layer(self):
        headers = {"src/fs/core/core_p.h": "", "src/fs/outbox/outbox_p.h": "", "src/fs/fs_p.h": ""}
        self.assertClean("src/fs/outbox/a.c", '#include "../core/core_p.h"\n', **headers)
        self.assertClean("src/fs/a.c", '#include "outbox/outbox_p.h"\n', **headers)
        self.assertOffence("src/fs/core/a.c", '#include "../outbox/outbox_p.h"\n', "src/fs/core/a.c:1",
                           "may not use the private headers")
        self.assertOffence("src/fs/core/a.c", '#include "../fs_p.h"\n', "src/fs/core/a.c:1", "does not know all")

    def test_private_header_without_its_mark(self):
        self.assertOffence("src/sync/a.c", '#include "a.h"\n', "src/sync/a.c:1", "*_p.h")

    def test_private_header_in_a_contract(self):
        self.assertOffence("include/outlookfs/sync/a.h", '#include "a_p.h"\n', "include/outlookfs/sync/a.h:1",
                           "contracts only")

    def test_unknown_layer(self):
        self.assertOffence("src/attic/a.c", "", "src/attic:0", "not in the table")


if __name__ == "__main__":
    unittest.main()
