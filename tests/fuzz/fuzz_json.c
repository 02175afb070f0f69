/* Any bytes as the text of a record: telling drafts from mistakes, parsing, rendering. */
#include "fuzz.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/item.h>
#include <outlookfs/model/render.h>
#include <string.h>

#define RENDER_MAX ((size_t)1024 * 1024)

/* What a prefix already rules out, more bytes do not mend; what is complete has no mistake in
 * front. */
static void check_prefixes(const char *text, size_t size, enum json_shape whole)
{
    for (size_t len = 0; len < size; len++) {
        enum json_shape prefix = json_scan(text, len, NULL);

        if (prefix == JSON_MALFORMED)
            CHECK(whole == JSON_MALFORMED);
        if (whole == JSON_PARTIAL)
            CHECK(prefix != JSON_MALFORMED);
    }
}

/* What is rendered parses to the same and renders to the same bytes. */
static void check_render(const cJSON *obj)
{
    struct buf once, twice;
    cJSON *again = NULL;

    buf_init(&once, RENDER_MAX);
    buf_init(&twice, RENDER_MAX);
    if (render_record(obj, &once) == 0) {
        CHECK(json_parse_object(once.data, once.len, &again, NULL) == 0);
        CHECK(render_record(again, &twice) == 0);
        CHECK(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
        CHECK(once.len > 0 && once.data[once.len - 1] == '\n');
    }
    cJSON_Delete(again);
    buf_release(&once);
    buf_release(&twice);
}

static void check_item(cJSON *obj)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct item item = {0};
        cJSON *copy = cJSON_Duplicate(obj, true);

        if (item_from_json((enum kind)kind, copy, &item, NULL) == 0) {
            CHECK(item.id[0] != '\0' && !strchr(item.id, '/'));
            CHECK(item.size == strlen(item.text));
            item_release(&item);
        }
        cJSON_Delete(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct json_where where = {0};
    enum json_shape shape = json_scan(text, size, &where);
    cJSON *value = NULL, *obj = NULL;
    int rc = json_parse_any(text, size, &value, NULL);

    CHECK((rc == 0) == (value != NULL));
    CHECK((rc == 0) == (shape == JSON_COMPLETE));
    if (shape != JSON_COMPLETE)
        CHECK(where.line >= 1 && where.column >= 1);
    if (size <= 256)
        check_prefixes(text, size, shape);
    if (json_parse_object(text, size, &obj, NULL) == 0) {
        CHECK(json_equal(obj, value));
        check_render(obj);
        check_item(obj);
    }
    cJSON_Delete(value);
    cJSON_Delete(obj);
    return 0;
}
