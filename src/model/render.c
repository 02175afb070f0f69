/*
 * render.c - writes JSON with the layout of a record's file.
 */
#include <outlookfs/model/render.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/json_writer.h>
#include <outlookfs/base/str.h>

#include <string.h>

int render_record(const struct cJSON *obj, struct buf *out)
{
    struct json_writer w = {.out = out, .indent = true};
    size_t before = out->len;
    const cJSON *member;

    json_write_open(&w, '{');
    cJSON_ArrayForEach(member, obj)
    {
        if (str_eq(member->string, "@odata.context"))
            continue;
        json_write_name(&w, member->string, strlen(member->string));
        json_write_tree(&w, member);
    }
    json_write_close(&w, '}');
    if (w.error == 0)
        w.error = buf_addch(out, '\n');
    if (w.error)
        buf_truncate(out, before);
    return w.error;
}

char *render_text(const struct cJSON *obj)
{
    struct buf text;

    buf_init(&text, 2 * JSON_TEXT_MAX);
    if (render_record(obj, &text)) {
        buf_release(&text);
        return NULL;
    }
    return buf_detach(&text);
}
