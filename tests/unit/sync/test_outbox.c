/*
 * The outbox below the file system: rows, the worker, answers.
 */
#include "writeback_test.h"

#include <outlookfs/sync/outbox.h>
#include <sync/outbox_p.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define MAIL "{\"To\": \"a@b.c\", \"Subject\": \"s\", \"Body\": \"b\"}"
#define QUESTION "{\"To\": \"a@b.c\", \"Subject\": \"s\", \"Options\": \"Approve, Reject\"}"
#define URL "https://here.example/hook"
#define ANSWER "{\"SelectedOption\": \"Reject\", \"UserId\": null}"

/* --- what the file system does --- */

static uint64_t new_file(struct rig *rig, enum outgoing what, const char *name, const char *text)
{
    struct local l = {.dir = outgoing_dir_ino(outgoing_info(what)->dir),
                      .name = (char *)name,
                      .mode = S_IFREG | 0600};
    int fd;

    assert_int_equal(state_new_ino(rig->state, &l.ino), 0);
    fd = state_data_open(rig->state, l.ino, O_RDWR | O_CREAT | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_int_equal(state_put_local(rig->state, &l), 0);
    return l.ino;
}

static int prepare(struct rig *rig, enum outgoing what, const char *text, bool foreign,
                   struct outbox_row *ret)
{
    cJSON *obj = json(text);
    int rc;

    rc = outbox_prepare(mailbox_outbox(rig->mb), what, obj, false, foreign, ret, &rig->err);
    cJSON_Delete(obj);
    return rc;
}

static uint64_t put(struct rig *rig, enum outgoing what, const char *name, const char *text)
{
    uint64_t ino = new_file(rig, what, name, text);
    struct outbox_row row;

    assert_int_equal(prepare(rig, what, text, false, &row), 0);
    assert_int_equal(outbox_accept(mailbox_outbox(rig->mb), ino, &row), 0);
    outbox_kick(mailbox_outbox(rig->mb));
    return ino;
}

static int send_all(struct rig *rig)
{
    return outbox_flush(mailbox_outbox(rig->mb), clock_mono() + TEST_PATIENCE, NULL);
}

static struct outbox_row row_of(struct rig *rig, uint64_t ino)
{
    struct outbox_row row = {0};

    assert_int_equal(state_outbox_by_ino(rig->state, ino, &row), 0);
    return row;
}

static enum outbox_state state_of(struct rig *rig, uint64_t ino)
{
    struct outbox_row row = row_of(rig, ino);
    enum outbox_state state = row.state;

    outbox_row_release(&row);
    return state;
}

static char *token_of(struct rig *rig, uint64_t ino)
{
    struct outbox_row row = row_of(rig, ino);
    char *token = xstrdup(row.token);

    outbox_row_release(&row);
    return token;
}

static uint64_t sent_dir(void)
{
    return outgoing_dir_ino(OUTGOING_SENT_DIR);
}

static int setup_delayed(void **state)
{
    *state = rig_with(&(struct mailbox_config){.send_delay = TEST_DELAY, .send_root = "/nowhere"});
    outbox_announce(mailbox_outbox(((struct rig *)*state)->mb), URL);
    return 0;
}

static void reopen(struct rig *rig)
{
    mailbox_stop(rig->mb, 0, NULL);
    /* The remotes live on in the new mailbox: the old one lets go of them. */
    struct remote *keep = rig->mb->remote;
    rig->mb->remote = NULL;
    mailbox_close(rig->mb);
    rig_open(rig, &(struct mailbox_config){
                      .remote = keep, .send_delay = TEST_DELAY, .send_root = "/nowhere"});
    outbox_announce(mailbox_outbox(rig->mb), URL);
}

/* --- sending --- */

static void test_waits_is_sent_and_moves(void **state)
{
    struct rig *rig = *state;
    uint64_t ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    struct local l;

    assert_int_equal(state_of(rig, ino), OUTBOX_WAITING);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 0);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 1);
    assert_int_equal(state_find_local(rig->state, sent_dir(), "m.json", &l), 0);
    assert_int_equal(l.ino, ino);
    local_release(&l);
    struct outbox_row row;
    assert_int_equal(state_outbox_by_ino(rig->state, ino, &row), -ENOENT);

    uint64_t second = put(rig, OUTGOING_SEND, "m.json", MAIL);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(state_get_local(rig->state, second, &l), 0);
    assert_int_equal(l.dir, sent_dir());
    assert_string_not_equal(l.name, "m.json");
    local_release(&l);
}

static void test_due_by_itself(void **state)
{
    struct rig *rig = *state;
    uint64_t ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    struct local l = {0};

    clock_advance(TEST_DELAY);
    while (l.dir != sent_dir()) {
        local_release(&l);
        usleep(1000);
        assert_int_equal(state_get_local(rig->state, ino, &l), 0);
    }
    local_release(&l);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 1);
}

/* Accepted while the clock was a year ahead, or set back before the next start. */
static void test_a_due_time_beyond_the_delay_is_now(void **state)
{
    struct rig *rig = *state;
    uint64_t ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    struct outbox_row row = row_of(rig, ino);
    struct local l;

    row.queued_at += 365 * 86400 * NS_PER_S;
    row.due += 365 * 86400 * NS_PER_S;
    assert_int_equal(state_put_outbox(rig->state, &row), 0);
    outbox_row_release(&row);
    reopen(rig);
    for (int i = 0; i < 5000 && calls(rig, OP_SEND_EMAIL) < 1; i++)
        usleep(1000);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 1);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(state_find_local(rig->state, sent_dir(), "m.json", &l), 0);
    local_release(&l);
}

static void test_taken_back(void **state)
{
    struct rig *rig = *state;
    uint64_t gone = put(rig, OUTGOING_SEND, "gone.json", MAIL);
    uint64_t changed = put(rig, OUTGOING_SEND, "changed.json", MAIL);

    assert_int_equal(outbox_withdraw(mailbox_outbox(rig->mb), gone), 0);
    assert_int_equal(outbox_change(mailbox_outbox(rig->mb), OUTGOING_SEND, changed, false), 0);
    assert_int_equal(state_of(rig, changed), OUTBOX_DRAFT);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 0);
}

/* A mail whose bytes are not the file's: what was accepted stays whole until it is taken back for
 * good. */
static void test_what_is_rolled_back_did_not_happen(void **state)
{
    static const char *const text = "{\"To\": \"a@b.c\", \"Subject\": \"s\", \"Options\": \"x\","
                                    " \"Wait\": false}";
    struct rig *rig = *state;
    struct outbox *ob = mailbox_outbox(rig->mb);
    uint64_t ino = put(rig, OUTGOING_OPTIONS, "q.json", text);
    struct outbox_row before = row_of(rig, ino), row;

    for (int i = 0; i < 3; i++) {
        state_begin(rig->state);
        if (i == 0) {
            assert_int_equal(outbox_withdraw(ob, ino), 0);
        } else if (i == 1) {
            assert_int_equal(outbox_refuse(ob, OUTGOING_OPTIONS, ino, "because"), 0);
        } else {
            assert_int_equal(prepare(rig, OUTGOING_OPTIONS, text, false, &row), 0);
            assert_int_equal(outbox_accept(ob, ino, &row), 0);
        }
        assert_int_equal(state_end(rig->state, -EINVAL), -EINVAL);
        row = row_of(rig, ino);
        assert_int_equal(row.state, OUTBOX_WAITING);
        assert_int_equal(row.body, before.body);
        outbox_row_release(&row);
    }
    assert_true(before.body);
    outbox_row_release(&before);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(calls(rig, OP_SEND_MAIL_WITH_OPTIONS), 1);
}

static void test_nothing_is_taken_back_while_it_is_sent(void **state)
{
    struct rig *rig = *state;
    struct outbox *ob = mailbox_outbox(rig->mb);
    struct outbox_row row;

    gate_close(rig->gate, OP_SEND_EMAIL);
    uint64_t ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    assert_int_equal(outbox_flush(ob, clock_mono(), NULL), -EINPROGRESS);
    gate_await(rig->gate, 1);
    assert_int_equal(outbox_withdraw(ob, ino), -EBUSY);
    assert_int_equal(outbox_change(ob, OUTGOING_SEND, ino, false), -EBUSY);
    assert_int_equal(prepare(rig, OUTGOING_SEND, MAIL, false, &row), 0);
    assert_int_equal(outbox_accept(ob, ino, &row), -EBUSY);
    gate_open(rig->gate);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 1);
}

/* --- what may have been sent --- */

static void fault(struct rig *rig, enum operation op, enum grade grade, int status, bool apply)
{
    faulty_plan(rig->faulty, &(struct faulty_plan){.op = op,
                                                   .count = 1,
                                                   .grade = grade,
                                                   .status = status,
                                                   .apply = apply,
                                                   .unknown = apply});
}

/* No file of this process grows: what a full disk is to a journal. */
static void fill_disk(bool full)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = full ? 0 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static bool is_disk_full(struct outbox *ob)
{
    LOCKED(&ob->scheduler.lock);
    return ob->scheduler.disk;
}

/* The disk is full at the moment the service answers: the outcome is written down later. */
static void check_full_disk(struct rig *rig, enum outbox_state end)
{
    struct outbox *ob = mailbox_outbox(rig->mb);
    uint64_t ino;
    struct local l;

    gate_close(rig->gate, OP_SEND_EMAIL);
    ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    clock_advance(TEST_DELAY);
    outbox_kick(ob);
    gate_await(rig->gate, 1);
    fill_disk(true);
    gate_open(rig->gate);
    int rc = send_all(rig);
    fill_disk(false);
    assert_true(rc && rc != -EINPROGRESS && rc != -EINTR);
    assert_int_equal(state_of(rig, ino), OUTBOX_SENDING);

    clock_advance(10 * NS_PER_S);
    for (int i = 0; i < 5000 && is_disk_full(ob); i++)
        usleep(1000);
    if (end == OUTBOX_FAILED) {
        assert_int_equal(send_all(rig), -EIO);
        assert_int_equal(state_of(rig, ino), OUTBOX_FAILED);
        return;
    }
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(state_find_local(rig->state, sent_dir(), "m.json", &l), 0);
    local_release(&l);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 1);
}

static void test_disk_full_when_a_mail_was_sent(void **state)
{
    check_full_disk(*state, OUTBOX_WAITING);
}

static void test_disk_full_when_a_mail_was_refused(void **state)
{
    struct rig *rig = *state;

    fault(rig, OP_SEND_EMAIL, GRADE_REFUSED, 400, false);
    check_full_disk(rig, OUTBOX_FAILED);
}

static void test_unknown_is_parked_and_sent_again_by_the_user_only(void **state)
{
    struct rig *rig = *state;

    fault(rig, OP_SEND_EMAIL, GRADE_BROKEN, 504, true);
    uint64_t ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    assert_int_equal(send_all(rig), -EIO);
    struct outbox_row row = row_of(rig, ino);
    assert_int_equal(row.state, OUTBOX_FAILED);
    assert_true(row.unknown);
    assert_int_equal(row.status, 504);
    assert_non_null(strstr(row.reason, "may have been sent"));
    assert_int_equal(send_all(rig), -EIO);
    reopen(rig);
    assert_int_equal(send_all(rig), -EIO);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 1);

    assert_int_equal(outbox_retry(mailbox_outbox(rig->mb), row.id), 0);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 2);
    outbox_row_release(&row);
}

static void test_refusal_is_parked_and_not_unknown(void **state)
{
    struct rig *rig = *state;

    fault(rig, OP_SEND_EMAIL, GRADE_REFUSED, 400, false);
    uint64_t ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    assert_int_equal(send_all(rig), -EIO);
    struct outbox_row row = row_of(rig, ino);
    assert_int_equal(row.state, OUTBOX_FAILED);
    assert_false(row.unknown);
    outbox_row_release(&row);
    assert_int_equal(outbox_withdraw(mailbox_outbox(rig->mb), ino), 0);
    assert_int_equal(send_all(rig), 0);
}

static void test_certainly_not_sent_is_tried_again(void **state)
{
    struct rig *rig = *state;

    fault(rig, OP_SEND_EMAIL, GRADE_THROTTLED, 429, false);
    fault(rig, OP_SEND_EMAIL, GRADE_OFFLINE, 0, false);
    put(rig, OUTGOING_SEND, "m.json", MAIL);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 1);
}

static void test_offline_waits(void **state)
{
    struct rig *rig = *state;

    faulty_offline(rig->faulty, true);
    uint64_t ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    assert_int_equal(send_all(rig), -EINPROGRESS);
    assert_int_equal(state_of(rig, ino), OUTBOX_WAITING);
    faulty_offline(rig->faulty, false);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 1);
}

/* The program ends between the claim and the outcome: what is on disk says SENDING. */
static void test_interrupted_attempt_is_parked_at_the_start(void **state)
{
    struct rig *rig = *state;
    uint64_t ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    struct outbox_row row = row_of(rig, ino);

    row.state = OUTBOX_SENDING;
    assert_int_equal(state_put_outbox(rig->state, &row), 0);
    outbox_row_release(&row);
    reopen(rig);
    row = row_of(rig, ino);
    assert_int_equal(row.state, OUTBOX_FAILED);
    assert_true(row.unknown);
    outbox_row_release(&row);
    assert_int_equal(send_all(rig), -EIO);
    assert_int_equal(calls(rig, OP_SEND_EMAIL), 0);
}

/* Where an attempt can be repeated, what became of it is found out before anything else happens. */
static void test_what_may_have_been_sent_is_busy(void **state)
{
    struct rig *rig = *state;
    struct outbox *ob = mailbox_outbox(rig->mb);

    faulty_offline(rig->faulty, true);
    uint64_t ino = put(rig, OUTGOING_SEND, "m.json", MAIL);
    struct outbox_row row = row_of(rig, ino);
    row.unknown = true;
    assert_int_equal(state_put_outbox(rig->state, &row), 0);
    outbox_row_release(&row);
    assert_int_equal(outbox_withdraw(ob, ino), -EBUSY);
    assert_int_equal(outbox_change(ob, OUTGOING_SEND, ino, false), -EBUSY);
    assert_int_equal(prepare(rig, OUTGOING_SEND, MAIL, false, &row), 0);
    assert_int_equal(outbox_accept(ob, ino, &row), -EBUSY);
    assert_int_equal(state_of(rig, ino), OUTBOX_WAITING);
    faulty_offline(rig->faulty, false);
}

/* --- what cannot be sent --- */

static void test_refused_before_anything_is_kept(void **state)
{
    struct rig *rig = *state;
    struct outbox_row row;

    assert_int_equal(prepare(rig, OUTGOING_SEND, "{\"To\": \"a\"}", false, &row), -EINVAL);
    assert_int_equal(prepare(rig, OUTGOING_SEND,
                             "{\"To\": \"a\", \"Subject\": \"\", \"Body\": \"\","
                             " \"Attachments\": [{\"Path\": \"x\"}]}",
                             true, &row),
                     -EACCES);
    assert_non_null(strstr(rig->err.data, "another user"));
    outbox_announce(mailbox_outbox(rig->mb), NULL);
    assert_int_equal(prepare(rig, OUTGOING_OPTIONS, QUESTION, false, &row), -EDESTADDRREQ);
    assert_non_null(strstr(rig->err.data, "notify_url"));
    assert_int_equal(
        prepare(rig, OUTGOING_OPTIONS,
                "{\"To\": \"a\", \"Subject\": \"\", \"Options\": \"x\", \"Wait\": false}", false,
                &row),
        0);
    outbox_discard(mailbox_outbox(rig->mb), &row);
}

static void test_foreign_writing_is_remembered(void **state)
{
    struct rig *rig = *state;
    uint64_t ino = new_file(rig, OUTGOING_SEND, "m.json", "");

    assert_int_equal(outbox_change(mailbox_outbox(rig->mb), OUTGOING_SEND, ino, true), 0);
    assert_int_equal(outbox_change(mailbox_outbox(rig->mb), OUTGOING_SEND, ino, false), 0);
    struct outbox_row row = row_of(rig, ino);
    assert_true(row.foreign);
    outbox_row_release(&row);
}

/* --- attachments by path --- */

static void test_paths_stay_below_the_root(void **state)
{
    static const struct {
        const char *path;
        int rc;
    } cases[] = {
        {"a.bin", 0},      {"sub/../a.bin", 0}, {"../outside", -EACCES}, {"/etc/passwd", -EACCES},
        {"link", -EACCES}, {"none", -ENOENT},   {"sub", -EACCES},        {"fifo", -EACCES},
        {"inner-link", 0},
    };
    struct rig *rig = rig_with(&(struct mailbox_config){.send_delay = TEST_DELAY, .uid = getuid()});
    char *root = xasprintf("%s/root", rig->dir), *path, *text;
    int fd;

    (void)state;
    assert_int_equal(mkdir(root, 0700), 0);
    free((char *)rig->mb->config.send_root);
    rig->mb->config.send_root = root;
    path = xasprintf("%s/a.bin", root);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "hello", 5), 5);
    close(fd);
    free(path);
    fd = open(root, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(fd, "sub", 0700), 0);
    assert_int_equal(symlinkat("/etc/passwd", fd, "link"), 0);
    assert_int_equal(symlinkat("a.bin", fd, "inner-link"), 0);
    assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
    close(fd);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct outbox_row row;
        cJSON *obj;

        text = xasprintf("{\"To\": \"a\", \"Subject\": \"\", \"Body\": \"\", \"Attachments\": "
                         "[{\"Path\": \"%s\"}]}",
                         cases[i].path);
        obj = json(text);
        int rc = outbox_prepare(mailbox_outbox(rig->mb), OUTGOING_SEND, obj, false, false, &row,
                                &rig->err);
        if (rc != cases[i].rc)
            fail_msg("%s: %d, not %d", cases[i].path, rc, cases[i].rc);
        if (!rc) {
            const cJSON *a = cJSON_GetArrayItem(json_get(obj, "Attachments"), 0);
            assert_string_equal(json_str(a, "ContentBytes"), "aGVsbG8=");
            assert_null(json_get(a, "Path"));
            int body = state_data_open(rig->state, row.body, O_RDONLY);
            assert_true(body >= 0);
            close(body);
            outbox_discard(mailbox_outbox(rig->mb), &row);
        }
        cJSON_Delete(obj);
        free(text);
    }
    rig_release(rig);
}

/* --- questions --- */

static char *read_answer(struct rig *rig, const char *name)
{
    struct local l;
    char *text = xcalloc(1, 4096);

    assert_int_equal(state_find_local(rig->state,
                                      outgoing_dir_ino(outgoing_info(OUTGOING_APPROVAL)->dir), name,
                                      &l),
                     0);
    int fd = state_data_open(rig->state, l.ino, O_RDONLY);
    assert_true(fd >= 0);
    assert_true(read(fd, text, 4095) > 0);
    close(fd);
    local_release(&l);
    return text;
}

static void test_a_question_is_asked_answered_and_ended(void **state)
{
    struct rig *rig = *state;
    struct outbox *ob = mailbox_outbox(rig->mb);
    uint64_t ino = put(rig, OUTGOING_APPROVAL, "q.json", QUESTION);

    assert_int_equal(send_all(rig), 0);
    assert_int_equal(state_of(rig, ino), OUTBOX_ASKED);
    char *token = token_of(rig, ino);
    assert_int_equal(strlen(token), 64);

    assert_int_equal(outbox_answer(ob, "nonsense", ANSWER, strlen(ANSWER)), -ENOENT);
    assert_int_equal(outbox_answer(ob, "", ANSWER, strlen(ANSWER)), -ENOENT);
    assert_int_equal(outbox_answer(ob, token, "{}", 2), -EINVAL);
    assert_int_equal(outbox_answer(ob, token, "nonsense", 8), -EINVAL);
    assert_int_equal(state_of(rig, ino), OUTBOX_ASKED);

    assert_int_equal(outbox_answer(ob, token, ANSWER, strlen(ANSWER)), 0);
    assert_int_equal(outbox_answer(ob, token, "{\"SelectedOption\": \"Approve\"}", 29), 0);
    assert_int_equal(state_of(rig, ino), OUTBOX_ANSWERED);
    char *text = read_answer(rig, "q.answer.json");
    assert_non_null(strstr(text, "\"SelectedOption\": \"Reject\""));
    free(text);
    while (calls(rig, OP_UNSUBSCRIBE) < 1)
        usleep(1000);
    free(token);
}

static void test_waiting_for_an_answer_survives_a_restart(void **state)
{
    struct rig *rig = *state;
    uint64_t ino = put(rig, OUTGOING_APPROVAL, "q.json", QUESTION);

    assert_int_equal(send_all(rig), 0);
    char *token = token_of(rig, ino);
    reopen(rig);
    assert_int_equal(outbox_answer(mailbox_outbox(rig->mb), token, ANSWER, strlen(ANSWER)), 0);
    assert_int_equal(state_of(rig, ino), OUTBOX_ANSWERED);
    while (calls(rig, OP_UNSUBSCRIBE) < 1)
        usleep(1000);
    free(token);
}

static void test_an_answer_proves_that_it_was_sent(void **state)
{
    struct rig *rig = *state;

    fault(rig, OP_SEND_APPROVAL_MAIL, GRADE_BROKEN, 504, true);
    uint64_t ino = put(rig, OUTGOING_APPROVAL, "q.json", QUESTION);
    assert_int_equal(send_all(rig), -EIO);
    char *token = token_of(rig, ino);
    assert_int_equal(outbox_answer(mailbox_outbox(rig->mb), token, ANSWER, strlen(ANSWER)), 0);
    assert_int_equal(state_of(rig, ino), OUTBOX_ANSWERED);
    assert_int_equal(send_all(rig), 0);
    free(token);
}

static void test_an_answer_before_the_end_of_our_request(void **state)
{
    struct rig *rig = *state;

    gate_close(rig->gate, OP_SEND_APPROVAL_MAIL);
    uint64_t ino = put(rig, OUTGOING_APPROVAL, "q.json", QUESTION);
    outbox_flush(mailbox_outbox(rig->mb), clock_mono(), NULL);
    gate_await(rig->gate, 1);
    char *token = token_of(rig, ino);
    assert_int_equal(outbox_answer(mailbox_outbox(rig->mb), token, ANSWER, strlen(ANSWER)), 0);
    assert_int_equal(state_of(rig, ino), OUTBOX_SENDING);
    gate_open(rig->gate);
    assert_int_equal(send_all(rig), 0);
    assert_int_equal(state_of(rig, ino), OUTBOX_ANSWERED);
    free(token);
}

static void test_removing_a_question_ends_the_subscription(void **state)
{
    struct rig *rig = *state;
    uint64_t ino = put(rig, OUTGOING_APPROVAL, "q.json", QUESTION);

    assert_int_equal(send_all(rig), 0);
    char *token = token_of(rig, ino);
    fault(rig, OP_UNSUBSCRIBE, GRADE_OFFLINE, 0, false);
    assert_int_equal(outbox_withdraw(mailbox_outbox(rig->mb), ino), 0);
    assert_int_equal(outbox_answer(mailbox_outbox(rig->mb), token, ANSWER, strlen(ANSWER)),
                     -ENOENT);
    while (calls(rig, OP_UNSUBSCRIBE) < 1) {
        send_all(rig);
        usleep(1000);
    }
    free(token);
}

static void test_without_waiting_it_is_only_sent(void **state)
{
    struct rig *rig = *state;
    uint64_t ino =
        put(rig, OUTGOING_OPTIONS, "q.json",
            "{\"To\": \"a@b.c\", \"Subject\": \"s\", \"Options\": \"x\", \"Wait\": false}");
    struct local l;

    assert_int_equal(send_all(rig), 0);
    assert_int_equal(state_get_local(rig->state, ino, &l), 0);
    assert_int_equal(l.dir, sent_dir());
    local_release(&l);
    assert_int_equal(calls(rig, OP_SEND_MAIL_WITH_OPTIONS), 1);
}

#define DELAYED(test) cmocka_unit_test_setup_teardown(test, setup_delayed, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DELAYED(test_waits_is_sent_and_moves),
        DELAYED(test_due_by_itself),
        DELAYED(test_a_due_time_beyond_the_delay_is_now),
        DELAYED(test_taken_back),
        DELAYED(test_what_is_rolled_back_did_not_happen),
        DELAYED(test_nothing_is_taken_back_while_it_is_sent),
        DELAYED(test_disk_full_when_a_mail_was_sent),
        DELAYED(test_disk_full_when_a_mail_was_refused),
        DELAYED(test_unknown_is_parked_and_sent_again_by_the_user_only),
        DELAYED(test_refusal_is_parked_and_not_unknown),
        DELAYED(test_certainly_not_sent_is_tried_again),
        DELAYED(test_offline_waits),
        DELAYED(test_interrupted_attempt_is_parked_at_the_start),
        DELAYED(test_what_may_have_been_sent_is_busy),
        DELAYED(test_refused_before_anything_is_kept),
        DELAYED(test_foreign_writing_is_remembered),
        cmocka_unit_test(test_paths_stay_below_the_root),
        DELAYED(test_a_question_is_asked_answered_and_ended),
        DELAYED(test_waiting_for_an_answer_survives_a_restart),
        DELAYED(test_an_answer_proves_that_it_was_sent),
        DELAYED(test_an_answer_before_the_end_of_our_request),
        DELAYED(test_removing_a_question_ends_the_subscription),
        DELAYED(test_without_waiting_it_is_only_sent),
    };
    clock_advance(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
