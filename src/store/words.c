/*
 * words.c - a record's values as one text, and a person's words as an FTS5 expression.
 */
#include "words_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/html.h>

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

/* The two ways the service says that a member is HTML, and the document that says it itself. */
static bool is_html(const cJSON *object, const cJSON *member)
{
    const char *type = json_str(object, "ContentType");

    if (str_eq(member->string, "Body") && json_bool(object, "IsHtml", false))
        return true;
    if (str_eq(member->string, "Content") && type && !strcasecmp(type, "HTML"))
        return true;
    return html_is_document(member->valuestring);
}

/* A full buffer drops the rest: JSON_TEXT_MAX of text is more than the record had. */
static void add_value(enum kind kind, const cJSON *parent, const cJSON *value, struct buf *out)
{
    const cJSON *child;

    if (value->string && kind_is_opaque(kind, value->string))
        return;
    if (cJSON_IsString(value)) {
        if (value->string && is_html(parent, value))
            html_text(value->valuestring, ' ', out);
        else
            buf_addstr(out, value->valuestring);
        buf_addch(out, '\n');
    }
    cJSON_ArrayForEach(child, value) add_value(kind, value, child, out);
}

void words_of_record(enum kind kind, const char *text, struct buf *out)
{
    cJSON *record;

    if (json_parse_any(text, strlen(text), &record, NULL))
        return;
    add_value(kind, NULL, record, out);
    cJSON_Delete(record);
}

/*
 * Could FTS5's tokenizer find a word here? Beyond ASCII all but the blocks of punctuation are taken
 * for letters: where that is wrong FTS5 itself leaves the empty term out.
 */
static bool has_word(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;

    for (size_t i = 0; i < n; i++) {
        bool general = p[i] == 0xe2 && (p[i + 1] == 0x80 || p[i + 1] == 0x81);
        bool cjk = p[i] == 0xe3 && p[i + 1] == 0x80;

        if (isalnum(p[i]))
            return true;
        if (general || cjk)
            i += 2;
        else if (p[i] == 0xc2)
            i += 1;
        else if (p[i] >= 0x80)
            return true;
    }
    return false;
}

int words_query(const char *words, struct buf *out)
{
    bool found = false;
    int rc = str_is_utf8(words, strlen(words)) ? 0 : -EINVAL;

    while (!rc && *words) {
        bool phrase = *words == '"';
        size_t n = strcspn(words += phrase, phrase ? "\"" : "\" \t\r\n\v\f");
        bool prefix = words[n] == '"' ? phrase && words[n + 1] == '*' : n && words[n - 1] == '*';

        if (has_word(words, n)) {
            rc = buf_addf(out, "%s\"%.*s\"%s", found ? " " : "", (int)n, words, prefix ? " *" : "");
            found = true;
        }
        words += n;
        if (phrase && *words == '"')
            words++;
        words += strspn(words, "* \t\r\n\v\f");
    }
    return rc ? rc : found ? 0 : -EINVAL;
}
