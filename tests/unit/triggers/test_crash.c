/* The program stops at each step of a delivery in turn; afterwards each item is there once. */
#include "triggers_test.h"

#include <sys/wait.h>

#define ITEMS 5
#define STEPS_MAX 200

/* crash_point() reads the environment once in a process, so all work is done in processes of its
 * own: this one ends at the step-th crash point, if there are so many. */
static void deliver_until(struct rig *rig, int step)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", step);
    setenv("OUTLOOKFS_CRASH_AT", text, 1);
    if (!freopen("/dev/null", "w", stderr))
        _exit(3);
    rig_open(rig);
    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    for (int i = 0; i < ITEMS; i++) {
        snprintf(text, sizeof(text), "m%d", i);
        deliver(rig, text, text);
    }
    while (poll_one(rig, "x"))
        ;
    rig_close(rig);
    _exit(0);
}

static int run_child(struct rig *rig, int step, void (*work)(struct rig *, int))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0)
        work(rig, step);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* What the next start finds and brings. Before the baseline is set, nothing is brought. */
static void check_each_once(struct rig *rig, int step)
{
    struct trigger_row row = {0};

    (void)step;
    rig_open(rig);
    if (!state_trigger_by_name(mailbox_state(rig->mb), "x", &row) && row.cursor) {
        for (int i = 0; i < ITEMS; i++) {
            char name[16];

            snprintf(name, sizeof(name), "m%d", i);
            deliver(rig, name, name);
        }
        while (poll_one(rig, "x"))
            ;
        assert_stream(rig, "x", "m0 m1 m2 m3 m4 ");
    }
    trigger_row_release(&row);
    rig_close(rig);
    _exit(0);
}

static void forget(struct rig *rig)
{
    nftw(rig->config.state_dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    nftw(rig->config.cache_dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_every_step(void **state)
{
    struct rig *rig = *state;
    int step, status;

    rig->service->batch = 2;
    for (step = 1; step < STEPS_MAX; step++) {
        status = run_child(rig, step, deliver_until);
        if (!WIFSIGNALED(status))
            break;
        assert_int_equal(run_child(rig, 0, check_each_once), 0);
        forget(rig);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(step > 10); /* the baseline has two steps at least, three deliveries three each */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_step, rig_prepare, rig_teardown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
