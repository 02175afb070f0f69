/*
 * test_unchanged.c - what changes no member sends nothing (saving rules R14, R18), and what is
 * undone within the delay neither.
 */
#include "script_test.h"

static const struct script nothing[] = {
    {"opened to write and closed", "open @ w; close; open @ rw; close"},
    {"opened to read", "open @ r; flush; release; stat @"},
    {"touch, chmod, utimens", "touch @; chmod @; utimens @"},
    {"the same text", "open @ wt; write old; close"},
    {"the same text, synced", "open @ wt; write old; fsync; close"},
    {"other white space", "open @ wt; write same; close"},
    {"the same text renamed in", "create tmp w; write old; close; rename tmp @"},
    {"changed and changed back", "open @ wt; write new; close; open @ wt; write old; close"},
    {"changed, and the backup put back",
     "rename @ @~; create @ w; write new; close; unlink @; rename @~ @"},
    {"removed and put back", "unlink @; create @ wx; write old; close"},
    {"trashed and restored",
     "mkdir .Trash-0; mkdir .Trash-0/files; rename @ .Trash-0/files/@; rename .Trash-0/files/@ @"},
    {"renamed away and back", "rename @ aside; gone @; rename aside @"},
    {"exchanged twice", "create tmp w; write new; close; swap tmp @; swap tmp @; unlink tmp"},
    {"another name in the folder, and back", "rename @ jane.json; gone other.json; "
                                             "rename jane.json @"},
    {"emptied, and filled with the same", "truncate @ 0; open @ w; write old; close"},
};

static const struct script scratch[] = {
    {"a swap file", "create .@.swp wx; write old; fsync; close; unlink .@.swp"},
    {"vim's probe, a lock link", "create 4913 wx; release; unlink 4913; symlink .#@; unlink .#@"},
    {"a backup that stays", "create @~ w; write new; fsync; close"},
    {"JSON below a scratch directory",
     "mkdir .vscode; create .vscode/settings.json w; write new; fsync; close; mkdir .vscode/sub; "
     "create .vscode/sub/other.json w; write new; close"},
    {"git", "mkdir .git; mkdir .git/objects; create .git/HEAD.lock wx; write bad; close; "
            "rename .git/HEAD.lock .git/HEAD; create .git/config w; write list; close"},
    {"upper-case ending", "create JANE.JSON w; write new; fsync; close"},
    {"names that begin with # or ~", "create #@# w; write new; close; create ~x.json w; write new; "
                                     "close"},
    {"created and deleted within the delay", "create new.json wx; write new; close; "
                                             "unlink new.json; gone new.json"},
    {"created, renamed, deleted", "create new.json w; write new; close; rename new.json x.json; "
                                  "gone new.json; unlink x.json; gone x.json"},
    {"created and renamed away", "create new.json w; write new; close; rename new.json new.json~; "
                                 "gone new.json; unlink new.json~"},
    {"empty, never written", "create new.json wx; close; unlink new.json"},
    {"fallocated zeros", "create new.json wx; trunc 4096; close; unlink new.json"},
};

static void no_request(void **state)
{
    struct rig *t = rig_of(state);

    script_run(t, script_of(state));
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    assert_true(rig_exists(t, t->path));
    assert_xattr(t, t->path, "state", "synced");
}

int main(void)
{
    return script_group("unchanged", nothing, ARRAY_SIZE(nothing), no_request) +
           script_group("scratch", scratch, ARRAY_SIZE(scratch), no_request);
}
