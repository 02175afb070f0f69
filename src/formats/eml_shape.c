/*
 * eml_shape.c - where the headers of a mail begin and end, whatever wrote it.
 */
#include <outlookfs/formats/eml.h>

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define MBOX_LINE "From "

/* The length of the line at `at`, with its end; what is left where it has none. */
static size_t line_length(const char *text, size_t len, size_t at)
{
    const char *end = memchr(text + at, '\n', len - at);

    return end ? (size_t)(end + 1 - (text + at)) : len - at;
}

static bool begins(const char *text, size_t len, size_t at, const char *mark)
{
    return len - at >= strlen(mark) && memcmp(text + at, mark, strlen(mark)) == 0;
}

/* "Subject: ..."; RFC 5322, 4.5 has blanks before the colon. */
static bool is_header(const char *line, size_t len)
{
    size_t n = 0, name;

    while (n < len && line[n] > ' ' && line[n] < 127 && line[n] != ':')
        n++;
    name = n;
    while (n < len && (line[n] == ' ' || line[n] == '\t'))
        n++;
    return name > 0 && n < len && line[n] == ':';
}

static bool is_empty(const char *line, size_t len)
{
    return len == 0 || line[0] == '\n' || (len > 1 && line[0] == '\r' && line[1] == '\n');
}

struct eml_shape eml_look(const char *text, size_t len)
{
    struct eml_shape shape = {0};

    if (begins(text, len, 0, BYTE_ORDER_MARK))
        shape.start = strlen(BYTE_ORDER_MARK);
    if (begins(text, len, shape.start, MBOX_LINE))
        shape.start += line_length(text, len, shape.start);
    shape.body = shape.start;
    while (shape.body < len) {
        const char *line = text + shape.body;
        size_t n = line_length(text, len, shape.body);
        bool folded = shape.body > shape.start && (*line == ' ' || *line == '\t');

        if (is_empty(line, n))
            return shape;
        if (!folded && !is_header(line, n)) {
            shape.gap = true;
            return shape;
        }
        shape.body += n;
    }
    return shape;
}
