/* Any text as a display name, an id, a file name, a time or something to be percent-encoded. */
#include "fuzz.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>
#include <string.h>

#define ENCODED_MAX ((size_t)64 * 1024)

static void check_file_name(const char *name, size_t max)
{
    size_t len = strlen(name);

    CHECK(len > 0 && len <= max);
    CHECK(str_is_utf8(name, len));
    CHECK(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    for (const char *p = name; *p; p++)
        CHECK(*p != '/' && (unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void check_display(const char *text, size_t max)
{
    char *name = name_safe(text, max), *again = name_safe(text, max);

    check_file_name(name, max);
    CHECK(strcmp(name, again) == 0);
    for (int keep_ext = 0; keep_ext < 2; keep_ext++) {
        char *unique = name_unique(name, "AAMk=", keep_ext);

        check_file_name(unique, NAME_BYTES_MAX);
        free(unique);
    }
    free(name);
    free(again);
}

static void check_id(const char *text)
{
    uint64_t tag = 0;

    for (size_t spelt = 0; *text && spelt < 3; spelt++) {
        char *name = name_of_id(text, NAME_RECORD_SUFFIX, spelt), *id = NULL;

        check_file_name(name, NAME_BYTES_MAX);
        CHECK(name_is_record(name));
        CHECK(name_read_id(name, NAME_RECORD_SUFFIX, &id, &tag));
        if (id)
            CHECK(strcmp(id, text) == 0);
        else
            CHECK(tag == name_tag(text));
        free(id);
        free(name);
    }
    char *id = NULL;
    if (name_read_id(text, NAME_RECORD_SUFFIX, &id, &tag))
        CHECK(name_is_record(text) || strchr(text, '/'));
    free(id);
    name_is_scratch_dir(text);
}

static void check_encoding(const char *text, size_t len)
{
    struct buf once, back;

    buf_init(&once, ENCODED_MAX);
    buf_init(&back, ENCODED_MAX);
    CHECK(str_percent_encode(&once, text, len) == 0);
    CHECK(str_percent_decode(&back, once.data, once.len) == 0);
    CHECK(back.len == len && memcmp(back.data, text, len) == 0);
    buf_clear(&back);
    (void)str_percent_decode(&back, text, len);
    buf_release(&once);
    buf_release(&back);
}

static void check_time(const char *text)
{
    int64_t ns, again;
    char out[32];

    if (str_parse_time(text, &ns))
        return;
    str_format_time(ns, out);
    CHECK(str_parse_time(out, &again) == 0);
    CHECK(again <= ns && ns - again < INT64_C(1000000000));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);

    check_display(text, NAME_BYTES_MAX);
    check_display(text, NAME_MAX_LEAST);
    check_id(text);
    check_encoding((const char *)data, size);
    check_time(text);
    CHECK(name_ino(text, "x") == name_ino(text, "x"));
    free(text);
    return 0;
}
