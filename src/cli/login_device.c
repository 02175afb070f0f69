/*
 * login_device.c - shows the code, and asks until the person has answered.
 */
#include "login_p.h"

#include <outlookfs/base/clock.h>

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#define SLOW_DOWN 5 /* s more (RFC 8628, 3.5) */

static void show(const struct oauth_device *device)
{
    print(stdout,
          "To log in, open %s and enter the code %s\n(it is good for %" PRId64 " minutes).\n",
          device->uri, device->user_code, (device->life + 59) / 60);
    fflush(stdout);
}

/* A connection that breaks is no answer: the next one may hold. */
static bool goes_on(enum oauth_result result)
{
    return result == OAUTH_PENDING || result == OAUTH_SLOW_DOWN || result == OAUTH_OFFLINE;
}

static enum oauth_result poll_once(const struct oauth_client *client,
                                   const struct oauth_device *device, int64_t interval,
                                   struct oauth_tokens *ret, struct buf *err)
{
    const struct timespec pause = {.tv_sec = interval};

    nanosleep(&pause, NULL);
    buf_clear(err);
    return oauth_device_poll(client, device, NULL, ret, err);
}

static int wait_for_person(const struct oauth_client *client, const struct oauth_device *device,
                           struct oauth_tokens *ret, struct buf *err)
{
    int64_t interval = device->interval > 0 ? device->interval : 1;
    int64_t until = clock_mono() + device->life * NS_PER_S;
    enum oauth_result result = OAUTH_PENDING;

    while (goes_on(result)) {
        if (clock_mono() >= until)
            return buf_fail(err, -EACCES, "nobody has entered the code in time; log in again");
        result = poll_once(client, device, interval, ret, err);
        if (result == OAUTH_SLOW_DOWN)
            interval += SLOW_DOWN;
    }
    return result == OAUTH_OK ? 0 : -EACCES;
}

int login_by_device(const struct oauth_client *client, struct oauth_tokens *ret, struct buf *err)
{
    SCOPED(oauth_device_release) struct oauth_device device = {0};
    int rc = oauth_device_begin(client, NULL, &device, err) == OAUTH_OK ? 0 : -EACCES;

    if (!rc) {
        show(&device);
        rc = wait_for_person(client, &device, ret, err);
    }
    return rc;
}
