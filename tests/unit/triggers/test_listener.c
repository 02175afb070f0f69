/*
 * The listener over HTTP, with a mailbox in memory behind it.
 */
#include "../sync/writeback_test.h"

#include <outlookfs/sync/outbox.h>
#include <outlookfs/triggers/listener.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ANSWER "{\"SelectedOption\": \"Approve\"}"

static int connect_to(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Sends bytes and answers the status of what comes back; the whole answer in `out` (4096 bytes). */
static int exchange(unsigned port, const char *request, size_t len, char *out)
{
    int fd = connect_to(port), status = 0;
    size_t got = 0;
    ssize_t n;

    for (size_t done = 0; done < len; done += (size_t)n) {
        n = send(fd, request + done, len - done, MSG_NOSIGNAL);
        if (n <= 0)
            break;
    }
    while (got < 4095 && (n = recv(fd, out + got, 4095 - got, 0)) > 0)
        got += (size_t)n;
    out[got] = '\0';
    close(fd);
    sscanf(out, "HTTP/1.1 %d", &status);
    return status;
}

static int post(unsigned port, const char *method, const char *path, const char *body)
{
    char *request =
        xasprintf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                  method, path, strlen(body), body);
    char out[4096];
    int status = exchange(port, request, strlen(request), out);

    /* Nothing of a request comes back. */
    assert_null(strstr(out, "SelectedOption"));
    assert_null(strstr(out, TOKEN));
    free(request);
    return status;
}

static uint64_t ask(struct rig *rig)
{
    struct local l = {
        .dir = outgoing_dir_ino("approval"), .name = (char *)"q.json", .mode = S_IFREG | 0600};
    struct outbox_row row = {
        .what = OUTGOING_APPROVAL, .state = OUTBOX_ASKED, .waits = true, .token = xstrdup(TOKEN)};

    assert_int_equal(state_new_ino(rig->state, &l.ino), 0);
    assert_int_equal(state_put_local(rig->state, &l), 0);
    row.ino = l.ino;
    assert_int_equal(state_put_outbox(rig->state, &row), 0);
    outbox_row_release(&row);
    return l.ino;
}

static struct listener *start(struct rig *rig, const char *listen)
{
    struct listener *l = NULL;
    const struct listener_config config = {.mailbox = rig->mb, .listen = listen};

    assert_int_equal(listener_start(&config, &l, &rig->err), 0);
    return l;
}

static void test_what_is_taken_and_what_not(void **state)
{
    struct rig *rig = *state;
    struct listener *l = start(rig, "127.0.0.1:0");
    unsigned port = listener_port(l);
    struct outbox_row row;
    uint64_t ino = ask(rig);

    assert_int_equal(post(port, "GET", "/" TOKEN, ""), 405);
    assert_int_equal(post(port, "PUT", "/" TOKEN, ANSWER), 405);
    assert_int_equal(post(port, "POST", "/", ANSWER), 404);
    assert_int_equal(post(port, "POST", "/wrong", ANSWER), 404);
    assert_int_equal(post(port, "POST", "/" TOKEN "x", ANSWER), 404);
    assert_int_equal(post(port, "POST", "/" TOKEN "/", ANSWER), 404);
    assert_int_equal(post(port, "POST", "/" TOKEN, "no json"), 400);
    assert_int_equal(post(port, "POST", "/" TOKEN, ""), 400);
    assert_int_equal(state_outbox_by_ino(rig->state, ino, &row), 0);
    assert_int_equal(row.state, OUTBOX_ASKED);
    outbox_row_release(&row);

    /* What stands before the secret is a proxy's business. */
    assert_int_equal(post(port, "POST", "/some/prefix/" TOKEN "?x=y", ANSWER), 200);
    assert_int_equal(post(port, "POST", "/" TOKEN, ANSWER), 200);
    assert_int_equal(state_outbox_by_ino(rig->state, ino, &row), 0);
    assert_int_equal(row.state, OUTBOX_ANSWERED);
    outbox_row_release(&row);
    listener_stop(l);
}

/* Peers that never finish a request do not hold an answer up. */
static void test_slow_connections(void **state)
{
    struct rig *rig = *state;
    struct listener *l = start(rig, "127.0.0.1:0");
    int slow[40];

    ask(rig);
    for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
        slow[i] = connect_to(listener_port(l));
        assert_int_equal(send(slow[i], "POST /", 6, MSG_NOSIGNAL), 6);
    }
    assert_int_equal(post(listener_port(l), "POST", "/" TOKEN, ANSWER), 200);
    for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
        close(slow[i]);
    listener_stop(l);
}

static void test_too_large(void **state)
{
    struct rig *rig = *state;
    struct listener *l = start(rig, "127.0.0.1:0");
    size_t len = 200 * 1024;
    char *body = xmalloc(len + 1);

    ask(rig);
    memset(body, ' ', len);
    memcpy(body, ANSWER, strlen(ANSWER));
    body[len] = '\0';
    assert_int_equal(post(listener_port(l), "POST", "/" TOKEN, body), 413);
    body[64 * 1024] = '\0';
    assert_int_equal(post(listener_port(l), "POST", "/" TOKEN, body), 200);
    free(body);
    listener_stop(l);
}

static void test_the_port_comes_back(void **state)
{
    struct rig *rig = *state;
    struct listener *l = start(rig, "127.0.0.1:0");
    unsigned port = listener_port(l);

    assert_true(port > 0);
    listener_stop(l);
    l = start(rig, "127.0.0.1:0");
    assert_int_equal(listener_port(l), port);

    /* Taken by somebody: any other will do. */
    struct listener *second = start(rig, "127.0.0.1:0");
    assert_int_not_equal(listener_port(second), port);
    listener_stop(second);
    listener_stop(l);
}

static void test_addresses(void **state)
{
    static const char *const wrong[] = {
        "",           "127.0.0.1", "localhost:0",     "127.0.0.1:x",
        "127.0.0.1:", "[::1]",     "127.0.0.1:65536", "[127.0.0.1]:0"};
    struct rig *rig = *state;
    struct listener *l;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        const struct listener_config config = {.mailbox = rig->mb, .listen = wrong[i]};

        assert_int_equal(listener_start(&config, &l, &rig->err), -EINVAL);
        assert_non_null(strstr(rig->err.data, "notify_listen"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_taken_and_what_not, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_connections, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_port_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
