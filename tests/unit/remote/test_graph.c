/* Graph: what does not fit, and what an answer does not say, is a fault with a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <remote/graph/graph_p.h>

#include <stdlib.h>
#include <string.h>

#include <remote/remote_p.h>

/* --- a service that answers each operation with one object --------------------------------------- */

static const struct {
    enum graph_operation op;
    const char *answer;
} answers[] = {
    {GRAPH_FIND_MESSAGES, "[]"},
    {GRAPH_NEW_MESSAGES, "[]"},
    {GRAPH_CREATE_REPLY, "{\"id\":\"draft\"}"},
    {GRAPH_GET_MESSAGE,
     "{\"id\":\"draft\",\"body\":{\"contentType\":\"html\",\"content\":\"then\"}}"},
    {GRAPH_UPDATE_MESSAGE, "{\"id\":\"draft\"}"},
    {GRAPH_GET_AUTOMATIC_REPLIES, "{\"internalReplyMessage\":\"away, until the end of the year\"}"},
};

struct fake {
    struct transport base;
    unsigned written, sent, purged;
};

static bool is(const struct remote_call *call, enum graph_operation op)
{
    return call->info == &graph_operations[op];
}

static enum grade fake_call(struct transport *t, struct remote_call *call, struct remote_fault *)
{
    struct fake *f = (struct fake *)t;

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        if (is(call, answers[i].op))
            call->answer = cJSON_Parse(answers[i].answer);
    }
    if (is(call, GRAPH_NEXT_PAGE))
        call->next_link = xstrdup("http://127.0.0.1:1/page");
    f->written += is(call, GRAPH_UPDATE_MESSAGE);
    f->sent += is(call, GRAPH_SEND_DRAFT);
    f->purged += is(call, GRAPH_PURGE_MESSAGE);
    return GRADE_OK;
}

static void fake_destroy(struct transport *)
{
}

static const struct transport_impl fake_impl = {
    .name = "fake", .call = fake_call, .destroy = fake_destroy};
static const struct remote_impl impl = {
    .name = "graph", .operations = graph_operations, .kinds = graph_by_kind};

struct setup {
    struct fake fake;
    struct graph graph;
    struct remote_fault fault;
};

static int set_up(void **state)
{
    struct setup *s = xcalloc(1, sizeof(*s));

    s->fake.base.impl = &fake_impl;
    s->graph.base = (struct remote){&impl, &s->fake.base};
    s->graph.base_url = "http://127.0.0.1:1";
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct setup *s = *state;

    remote_fault_release(&s->fault);
    free(s);
    return 0;
}

/* --- what is said --------------------------------------------------------------------------------- */

static enum grade reply(struct setup *s, const char *comment)
{
    return graph_reply(&s->graph.base, "id", comment, false, "key", (struct remote_ctx){0},
                       &s->fault);
}

static void test_a_comment_that_does_not_fit_is_not_left_out(void **state)
{
    struct setup *s = *state;
    size_t len = JSON_TEXT_MAX / 5 + 1; /* "&amp;" each */
    SCOPED(xfree) char *comment = xmalloc(len + 1);

    memset(comment, '&', len);
    comment[len] = '\0';
    assert_int_equal(reply(s, comment), GRADE_TOO_BIG);
    assert_string_equal(s->fault.reason, "the comment is too long");
    assert_int_equal(s->fake.written, 0);
    assert_int_equal(s->fake.sent, 0);
    assert_int_equal(s->fake.purged, 1);

    assert_int_equal(reply(s, "short"), GRADE_OK);
    assert_int_equal(s->fake.written, 1);
    assert_int_equal(s->fake.sent, 1);
}

static void test_replies_that_do_not_fit_are_not_empty(void **state)
{
    struct setup *s = *state;
    SCOPED(buf_release) struct buf narrow = BUF_INIT(40), wide = BUF_INIT(100);
    const struct remote_ctx ctx = {0};

    assert_int_equal(
        graph_read_value(&s->graph.base, REMOTE_AUTOMATIC_REPLIES, NULL, ctx, &wide, &s->fault),
        GRADE_OK);
    assert_int_equal(
        graph_read_value(&s->graph.base, REMOTE_AUTOMATIC_REPLIES, NULL, ctx, &narrow, &s->fault),
        GRADE_TOO_BIG);
    assert_string_equal(s->fault.reason, "the automatic replies are too long");
}

static void test_a_feed_that_does_not_go_on_says_so(void **state)
{
    struct setup *s = *state;
    struct remote_news news = {0};

    assert_int_equal(graph_poll_mail(&s->graph.base, PARAMS({"folderPath", "Inbox"}), NULL,
                                     (struct remote_ctx){0}, &news, &s->fault),
                     GRADE_BROKEN);
    assert_string_equal(s->fault.reason, "the feed does not say where it goes on");
    assert_null(news.items);
}

static enum grade changes_behind(struct setup *s, const char *cursor)
{
    struct remote_changes changes = {0};
    enum grade grade = graph_changes(&s->graph.base, KIND_CONTACT, "folder", cursor, 10,
                                     (struct remote_ctx){0}, &changes, &s->fault);

    items_release(&changes.items);
    free(changes.cursor);
    return grade;
}

static void test_a_list_of_changes_that_leads_back_to_itself(void **state)
{
    struct setup *s = *state;

    assert_int_equal(changes_behind(s, "http://127.0.0.1:1/before"), GRADE_OK);
    assert_int_equal(changes_behind(s, "http://127.0.0.1:1/page"), GRADE_BROKEN);
    assert_string_equal(s->fault.reason, "a list of changes goes on where it has been");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_comment_that_does_not_fit_is_not_left_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_replies_that_do_not_fit_are_not_empty, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_feed_that_does_not_go_on_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_list_of_changes_that_leads_back_to_itself, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
