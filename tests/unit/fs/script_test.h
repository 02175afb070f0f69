/*
 * script_test.h - saves as the kernel delivers them, written down.
 *
 *     "rename @ @~; create @ w; write new; fsync; chmod @; close; unlink @~"
 *
 * Steps are separated by ';' and must succeed, unless one begins with the error it expects:
 * "!EINVAL close". '@' in a name stands for the contact's file name; names are relative to its
 * folder. A digit behind a verb (open1, write1) chooses another open file than 0.
 *
 *     open NAME r|w|rw|wt      create NAME r|w|wx   ("t": O_TRUNC, "x": O_EXCL)
 *     write TEXT [FROM TO]     bytes FROM..TO of the text at offset FROM; '$': its end
 *     trunc N                  ftruncate; '$': the length of `new`
 *     flush   fsync   close (flush and release)   release   fchmod
 *     truncate NAME N   chmod NAME   touch NAME   utimens NAME
 *     rename A B   renamex A B (NOREPLACE)   swap A B
 *     unlink NAME   mkdir NAME   rmdir NAME   symlink NAME
 *     stat NAME   gone NAME (lookup says ENOENT)
 *     wait S                   pushes the clock
 *     sync                     sends what is pending
 *
 * Texts: old, new (another MobilePhone1), compact (new in one line), same (old in one line), bad
 * (no JSON), list ([1]).
 */
#ifndef OUTLOOKFS_TESTS_SCRIPT_TEST_H
#define OUTLOOKFS_TESTS_SCRIPT_TEST_H

#include "fs_test.h"

struct script {
    const char *name;
    const char *steps;
};

void script_run(struct rig *t, const char *steps);

/* Runs `test` with each script as a test of its own: rig_of() and script_of() its state. */
int script_group(const char *name, const struct script *scripts, size_t count,
                 CMUnitTestFunction test);
struct rig *rig_of(void **state);
const char *script_of(void **state);

#endif
