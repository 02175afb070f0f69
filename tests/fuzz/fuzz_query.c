/* Any text as the name of a directory below search/. */
#include "fuzz.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/query.h>
#include <string.h>

static void check(enum kind kind, const char *name)
{
    struct query q = {0};

    if (!query_parse(kind, name, &q, NULL)) {
        CHECK(!q.text || (*q.text && strlen(q.text) <= strlen(name)));
        CHECK(!q.orderby || (*q.orderby && kind != KIND_MESSAGE));
        CHECK(!q.only_unread || kind == KIND_MESSAGE);
    }
    query_release(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = xstrndup((const char *)data, size), *pin = query_pin_name(name);

    check(KIND_MESSAGE, name);
    check(KIND_CONTACT, name);
    CHECK(!pin || strlen(pin) < strlen(name));
    free(pin);
    free(name);
    return 0;
}
