/*
 * test_shapes.c - every way programs save ends as one PATCH of the same record (saving rules,
 * sections 1, 3 and 7).
 */
#include "script_test.h"

/* The editors' and tools' requests as recorded, without reads and attribute calls. */
static const struct script shapes[] = {
    /* A: in place */
    {"nano, ed, tee, cp, dd, >", "open @ wt; write new; close"},
    {"open W, ftruncate 0", "open @ w; trunc 0; write new; close"},
    {"vim backupcopy=yes: copy, then in place",
     "create @~ wx; write old; close; open @ wt; write new; fsync; close; unlink @~"},
    {"VS Code, node: in place with fsync", "open @ wt; write new; fsync; close; stat @"},
    {"two writes, one flush", "open @ wt; write new 0 162; write new 162 $; close"},
    {"mcedit: chmod before the open", "chmod @; open @ wt; write new; close"},
    {"tar --overwrite, gio copy: times and mode behind the close",
     "open @ wt; write new; close; utimens @; chmod @"},
    {"utimens before the close", "open @ wt; write new; utimens @; close"},
    {"glib: opens W first and closes it unwritten",
     "open @ w; close; open @ wt; write new; close; open @ w; close"},
    /* A': in place, shortened at the end */
    {"rsync --inplace, python r+", "open @ rw; write new; trunc $; close"},
    {"busybox vi", "open @ w; write new; trunc $; flush; release"},
    {"dd conv=notrunc, then truncate(2)", "open @ w; write new; close; truncate @ $"},
    {"longer first, cut later without a handle",
     "open @ w; write new; trunc 9999; !EINVAL close; truncate @ $"},
    {"write in the middle", "open @ rw; write new 40 $; trunc $; close"},
    {"truncate(2) to nothing, then append", "truncate @ 0; open @ w; write new; close"},
    /* B: a temporary renamed over */
    {"sed -i", "create sedaBcDeF wx; write new; chmod sedaBcDeF; close; rename sedaBcDeF @"},
    {"perl -i", "create XXaBcDeF wx; write new; close; rename XXaBcDeF @"},
    {"gedit, gio: renamed before the last close",
     "open @ w; close; create .goutputstream-AAA wx; write new; fsync; "
     "rename .goutputstream-AAA @; close"},
    {"sponge: renamed with the flush behind it",
     "create sponge.AbCdEf wx; write new; rename sponge.AbCdEf @; flush; flush; release"},
    {"rsync: mode and time before the rename",
     "create .@.AbCdEf wx; write new; close; utimens .@.AbCdEf; chmod .@.AbCdEf; "
     "rename .@.AbCdEf @"},
    {"rsync --delay-updates",
     "create .@.AbCdEf wx; write new; close; mkdir .~tmp~; rename .@.AbCdEf .~tmp~/@; "
     "rename .~tmp~/@ @; rmdir .~tmp~"},
    {"QSaveFile", "create @.AbCdEf wx; write new; fsync; close; rename @.AbCdEf @"},
    {"write-file-atomic", "create @.18548123 w; write new; fsync; close; rename @.18548123 @"},
    {"kak, vis", "create .@.kak.AbC wx; write new; close; chmod .@.kak.AbC; rename .@.kak.AbC @"},
    {"jq > scratch && mv", "create tmp w; flush; write new; flush; release; rename tmp @"},
    {"jq > t.json && mv: no record is made of the temporary",
     "create t.json w; flush; write new; close; stat t.json; rename t.json @; gone t.json"},
    {"cp, edit, mv of a JSON copy",
     "create copy.json wx; write old; close; open copy.json wt; write new; close; "
     "rename copy.json @"},
    {"python tempfile with suffix .json",
     "create tmpab12cd34.json wx; write new; fsync; close; rename tmpab12cd34.json @"},
    {"exchange with a temporary", "create tmp w; write new; close; swap tmp @; unlink tmp"},
    {"exchange the other way round", "create tmp w; write new; close; swap @ tmp; unlink tmp"},
    /* C: the old one renamed away, then made anew */
    {"vim, the default",
     "open @ r; release; create 4913 wx; release; chmod 4913; unlink 4913; "
     "create .@.swp wx; write old; close; rename @ @~; gone @; create @ w; trunc 0; write new; "
     "fsync; chmod @; close; unlink @~; unlink .@.swp"},
    {"emacs, first save",
     "symlink .#@; rename @ @~; gone @; create @ wt; write new 0 162; write new 162 $; fsync; "
     "close; chmod @; unlink .#@; open @ w; close"},
    {"emacs, first and second save",
     "rename @ @~; create @ wt; write old; close; open @ wt; write new; fsync; close; open @ w; "
     "close"},
    {"neovim, jed", "rename @ @~; create @ wt; write new; close"},
    {"cp --backup, install -b", "rename @ @~; create @ wx; write new; close; utimens @"},
    {"the old backup is replaced",
     "create @~ w; write bad; close; rename @ @~; create @ wt; write new; close"},
    {"mv aside, copy back, edit",
     "rename @ aside; create @ wx; write old; close; open @ wt; write new; close; unlink aside"},
    /* C': the old one renamed away, a temporary renamed in */
    {"sed -i.bak", "create sedaBcDeF wx; write new; close; rename @ @.bak; rename sedaBcDeF @"},
    {"patch -b",
     "create @.oAbCdEf wx; write new; close; rename @ @.orig; rename @.oAbCdEf @; chmod @"},
    {"gio save -b: renamed before the last close",
     "create .goutputstream-A wx; write new; rename @ @~; rename .goutputstream-A @; close"},
    /* D: unlinked, then made anew */
    {"mv from another file system", "unlink @; create @ wx; write new; close; utimens @; chmod @"},
    {"tar x, unzip, git checkout", "unlink @; gone @; create @ wx; write new; close; utimens @"},
    {"unlink, temporary renamed in", "create tmp w; write new; close; unlink @; rename tmp @"},
    {"unlink twice", "unlink @; create @ wx; write bad; !EINVAL close; unlink @; create @ w; "
                     "write new; close"},
    /* one open file, many flushes */
    {"cmd > F: the empty file is flushed first", "open @ wt; flush; write new; flush; release"},
    {"a shell's slow loop: partial texts are flushed",
     "open @ wt; flush; write new 0 20; flush; write new 20 100; flush; write new 100 $; flush; "
     "flush; release"},
    {"duplicated descriptors", "open @ wt; write new; flush; flush; flush; release"},
    {"stores into a mapping arrive behind the last flush",
     "open @ rw; trunc 0; trunc $; flush; write new; release"},
    {"two open files, both flush", "open @ wt; open1 @ rw; write new; close; close1"},
    {"a reader keeps it open", "open1 @ r; open @ wt; write new; close; close1"},
    {"partial, closed, and appended to", "open @ wt; write new 0 50; close; open @ w; "
                                         "write new 50 $; close"},
    {"fsync of a half text, then the rest", "open @ wt; write new 0 50; fsync; write new 50 $; "
                                            "close"},
    {"trashed and restored", "mkdir .Trash-0; mkdir .Trash-0/files; rename @ .Trash-0/files/@; "
                             "rename .Trash-0/files/@ @; open @ wt; write new; close"},
};

static char *without(const char *text, const char *const *members)
{
    struct cJSON *obj = NULL;

    assert_int_equal(json_parse_object(text, strlen(text), &obj, NULL), 0);
    for (; *members; members++)
        cJSON_DeleteItemFromObjectCaseSensitive(obj, *members);
    char *printed = cJSON_PrintUnformatted(obj), *ret = xstrdup(printed);
    cJSON_free(printed);
    cJSON_Delete(obj);
    return ret;
}

/* Everything but what the service itself writes when a record changes. */
static void check_other_members(struct rig *t)
{
    static const char *const own[] = {"ChangeKey", "DateTimeLastModified", "LastModifiedDateTime",
                                      NULL};
    char *now = cJSON_PrintUnformatted(memory_get(t->memory, KIND_CONTACT, t->contact));
    char *is = without(now, own), *should = without(t->after, own);

    assert_string_equal(is, should);
    free(is);
    free(should);
    cJSON_free(now);
}

static void one_patch(void **state)
{
    struct rig *t = rig_of(state);

    script_run(t, script_of(state));
    if (!strstr(script_of(state), "fsync"))
        assert_int_equal(rig_calls(t, OP_COUNT), 0);
    assert_text(t, t->path, t->after);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_int_equal(memory_count(t->memory, KIND_CONTACT), 1);
    check_other_members(t);
    assert_text(t, t->path, t->after);
    assert_xattr(t, t->path, "state", "synced");
    assert_xattr(t, t->path, "id", t->contact);
}

int main(void)
{
    return script_group("shapes", shapes, ARRAY_SIZE(shapes), one_patch);
}
