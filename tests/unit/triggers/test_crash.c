/* The program stops at each step of a delivery in turn; afterwards each item is there once. */
#include "triggers_test.h"

#include <sys/wait.h>

#define ITEMS 5
#define STEPS_MAX 200

/* crash_point() reads the environment once in a process, so all work is done in processes of its
 * own: this one ends at the step-th crash point, if there are so many. */
static void deliver_until(struct room *room, int step)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", step);
    setenv("OUTLOOKFS_CRASH_AT", text, 1);
    if (!freopen("/dev/null", "w", stderr))
        _exit(3);
    room_open(room);
    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    for (int i = 0; i < ITEMS; i++) {
        snprintf(text, sizeof(text), "m%d", i);
        deliver(room, text, text);
    }
    while (poll_one(room, "x"))
        ;
    room_close(room);
    _exit(0);
}

static int run_child(struct room *room, int step, void (*work)(struct room *, int))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        work(room, step);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* What the next start finds and brings. Before the baseline is set, nothing is brought. */
static void check_each_once(struct room *room, int step)
{
    struct trigger_row row = {0};

    (void)step;
    room_open(room);
    if (!state_trigger_by_name(mailbox_state(room->mb), "x", &row) && row.cursor) {
        for (int i = 0; i < ITEMS; i++) {
            char name[16];

            snprintf(name, sizeof(name), "m%d", i);
            deliver(room, name, name);
        }
        while (poll_one(room, "x"))
            ;
        assert_stream(room, "x", "m0 m1 m2 m3 m4 ");
    }
    trigger_row_release(&row);
    room_close(room);
    _exit(0);
}

static void forget(struct room *room)
{
    nftw(room->config.state_dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    nftw(room->config.cache_dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_every_step(void **state)
{
    struct room *room = *state;
    int step, status;

    room->service->batch = 2;
    for (step = 1; step < STEPS_MAX; step++) {
        status = run_child(room, step, deliver_until);
        if (!WIFSIGNALED(status))
            break;
        assert_int_equal(run_child(room, 0, check_each_once), 0);
        forget(room);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(step > 10); /* the baseline has two steps at least, three deliveries three each */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_step, room_prepare, room_teardown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
