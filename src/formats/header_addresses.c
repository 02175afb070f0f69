/*
 * header_addresses.c - lists of addresses, as people and programs write them.
 *
 * The value is cut into items at ',' and ';'. What is in quotes or a comment cuts nothing. An item
 * is words and addresses in angle brackets; a word with an '@' is an address where there are no
 * brackets. "Name:" begins a group, whose members count and whose name does not.
 */
#include "header_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/charset.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define HOST_BYTES_MAX 255 /* RFC 5321, 4.5.3.1.2 */

struct list {
    const char *p;      /* what is left */
    GString *word;      /* the one that is being read */
    GPtrArray *words;   /* of the item */
    GPtrArray *angles;  /* of the item: what is between '<' and '>' */
    const char *begin;  /* of the item */
    char *group;        /* name of the group that is open, or NULL */
    guint members_from; /* how many addresses there were when it began */
    GPtrArray *ret;
    struct buf *err;
};

/* --- addresses --- */

static int refuse(const struct list *l, const char *why, const char *text, size_t n)
{
    SCOPED(buf_release) struct buf shown = BUF_INIT(JSON_TEXT_MAX);
    g_autofree char *raw = g_strndup(text, n);

    if (header_text(&shown, raw))
        buf_clear(&shown);
    return buf_fail(l->err, -EINVAL, "%s: \"%s\"", why, shown.data);
}

/* The '@' between mailbox and host; NULL: there is none outside quotes and encoded words. */
static const char *at_sign(const char *word)
{
    bool quoted = false;
    const char *at = NULL;

    for (word += header_encoded_word(word); *word; word++) {
        if (*word == '\\' && word[1])
            word++;
        else if (*word == '"')
            quoted = !quoted;
        else if (*word == '@' && !quoted)
            at = word;
    }
    return at;
}

/* A name or an address literal (RFC 5321, 4.1.2); what a name is made of beyond ASCII is the
 * service's to judge. */
static bool is_host(const char *host)
{
    if (*host == '[')
        return host[strcspn(host, "]")] == ']';
    for (; *host; host++) {
        if ((guchar)*host < 0x80 && !g_ascii_isalnum(*host) && !strchr("-._", *host))
            return false;
    }
    return true;
}

/* A word of the item that is an address, or is meant to be one. The service's lists are separated
 * by ';' and know no quotes around blanks. */
static int take_address(struct list *l, const char *word)
{
    const char *at = at_sign(word);

    if (!*word)
        return refuse(l, "an address is empty", l->begin, (size_t)(l->p - l->begin));
    if (at && (at == word || !at[1]))
        return refuse(l, "this is not an address", word, strlen(word));
    for (const char *c = word; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr(";,<>", *c) || (*c == '@' && c < at))
            return refuse(l, "the service cannot send to", word, strlen(word));
    }
    if (at && !is_host(at + 1))
        return refuse(l, "this is not an address", word, strlen(word));
    g_ptr_array_add(l->ret, g_strdup(word));
    return 0;
}

/* Outlook writes 'pat@contoso.example', word processors the other marks. */
static char *without_quotes(const char *word)
{
    static const char *const marks[][2] = {{"'", "'"}, {"\u2018", "\u2019"}, {"\u201c", "\u201d"}};
    size_t n = strlen(word);

    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        size_t open = strlen(marks[i][0]), close = strlen(marks[i][1]);

        if (n > open + close && str_starts(word, marks[i][0]) && str_ends(word, marks[i][1]))
            return g_strndup(word + open, n - open - close);
    }
    return g_strdup(word);
}

/* RFC 6068: "mailto:a%40b?subject=x"; Exchange writes "SMTP:". */
static char *without_scheme(const char *word)
{
    static const char *const schemes[] = {"mailto:", "smtp:"};
    struct buf out;
    char *address;

    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        size_t n = strlen(schemes[i]);

        if (g_ascii_strncasecmp(word, schemes[i], n) != 0)
            continue;
        word += n;
        buf_init(&out, JSON_TEXT_MAX);
        if (i == 0 && str_percent_decode(&out, word, strcspn(word, "?")) == 0)
            address = g_strdup(out.data);
        else
            address = g_strdup(word);
        buf_release(&out);
        return address;
    }
    return g_strdup(word);
}

static char *bare(const char *word)
{
    g_autofree char *unquoted = without_quotes(word);

    return without_scheme(unquoted);
}

/* What stands between '<' and '>'. RFC 5322, 4.4: "<@relay,@relay:a@b>" says a way, which nobody
 * goes. */
static char *angle_address(const char *text, size_t n)
{
    g_autofree char *raw = g_strstrip(g_strndup(text, n));
    const char *colon = *raw == '@' ? strchr(raw, ':') : NULL;

    return bare(colon ? colon + 1 : raw);
}

static int take_angle(struct list *l, const char *address)
{
    SCOPED(buf_release) struct buf decoded = BUF_INIT(JSON_TEXT_MAX);
    int rc = header_text(&decoded, address);
    return rc ? rc : take_address(l, decoded.data);
}

/* --- items --- */

static void end_word(struct list *l)
{
    if (l->word->len) {
        g_ptr_array_add(l->words, bare(l->word->str));
        g_string_truncate(l->word, 0);
    }
}

/* "pat@contoso . example" (RFC 5322, 4.4): what follows a host and begins with a dot is of it. */
static void join_hosts(struct list *l)
{
    bool open = false;

    for (guint i = 1; i < l->words->len;) {
        char *host = g_ptr_array_index(l->words, i - 1);
        const char *word = g_ptr_array_index(l->words, i);

        open = at_sign(host) && (*word == '.' || open);
        if (!open) {
            i++;
            continue;
        }
        open = str_ends(word, ".");
        l->words->pdata[i - 1] = g_strconcat(host, word, NULL);
        g_free(host);
        g_ptr_array_remove_index(l->words, i);
    }
}

/* "pat @ contoso.example" (RFC 5322, 4.4), when it is all there is. */
static void join_words(struct list *l)
{
    GString *joined = g_string_new(NULL);
    bool loose = false;

    for (guint i = 0; i < l->words->len; i++) {
        const char *word = g_ptr_array_index(l->words, i);
        size_t n = strlen(word);

        loose |= *word == '@' || word[n - 1] == '@';
        g_string_append(joined, word);
    }
    if (loose && l->words->len <= 3 && l->angles->len == 0) {
        g_ptr_array_set_size(l->words, 0);
        g_ptr_array_add(l->words, g_string_free(joined, FALSE));
    } else {
        g_string_free(joined, TRUE);
    }
}

static bool in_angles(const struct list *l, const char *word)
{
    for (guint i = 0; i < l->angles->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(l->angles, i), word) == 0)
            return true;
    }
    return false;
}

/* Many name a person by the address. Another address there is one that a comma is missing behind. */
static int take_item_of_angles(struct list *l)
{
    int rc = 0;

    for (guint i = 0; i < l->words->len; i++) {
        const char *word = g_ptr_array_index(l->words, i);

        if (at_sign(word) && !in_angles(l, word))
            return refuse(l, "which address is meant", l->begin, (size_t)(l->p - l->begin));
    }
    for (guint i = 0; i < l->angles->len && !rc; i++)
        rc = take_angle(l, g_ptr_array_index(l->angles, i));
    return rc;
}

static int take_item_of_words(struct list *l)
{
    guint found = 0;
    int rc = 0;

    join_hosts(l);
    join_words(l);
    for (guint i = 0; i < l->words->len && !rc; i++) {
        const char *word = g_ptr_array_index(l->words, i);

        if (*word == '.') /* "pat . doe@contoso.example" */
            return refuse(l, "which address is meant", l->begin, (size_t)(l->p - l->begin));
        if (at_sign(word)) {
            rc = take_address(l, word);
            found++;
        }
    }
    if (rc || found)
        return rc;
    const char *only = g_ptr_array_index(l->words, 0);
    if (l->words->len > 1 || strchr(only, '"') || header_encoded_word(only))
        return refuse(l, "this is not an address", l->begin, (size_t)(l->p - l->begin));
    return take_address(l, only);
}

/* An item of a comment alone is nothing, but for one that hides an address. */
static int end_item(struct list *l)
{
    int rc = 0;

    end_word(l);
    if (l->angles->len)
        rc = take_item_of_angles(l);
    else if (l->words->len)
        rc = take_item_of_words(l);
    else if (memchr(l->begin, '@', (size_t)(l->p - l->begin)))
        rc = refuse(l, "this is not an address", l->begin, (size_t)(l->p - l->begin));
    g_ptr_array_set_size(l->words, 0);
    g_ptr_array_set_size(l->angles, 0);
    return rc;
}

/* --- groups --- */

static char *text_between(const char *begin, const char *end)
{
    g_autofree char *raw = g_strndup(begin, (gsize)(end - begin));
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);

    header_text(&text, raw + strspn(raw, " \t\r\n\""));
    return g_strdup(text.data);
}

static int begin_group(struct list *l)
{
    end_word(l);
    for (guint i = 0; i < l->words->len; i++) {
        if (at_sign(g_ptr_array_index(l->words, i)))
            return refuse(l, "this is not an address", l->begin, strcspn(l->begin, ",;"));
    }
    if (l->angles->len)
        return refuse(l, "this is not an address", l->begin, strcspn(l->begin, ",;"));
    g_ptr_array_set_size(l->words, 0);
    g_free(l->group);
    l->group = text_between(l->begin, l->p);
    l->members_from = l->ret->len;
    l->begin = l->p + 1;
    return 0;
}

/* "undisclosed-recipients:;" is nobody; but the name of an empty group may be somebody whom no mail
 * can reach: Exchange's "/O=ORG/CN=..." in an exported mail. */
static int end_group(struct list *l)
{
    g_autofree char *name = l->group;
    int rc = 0;

    if (name && l->members_from == l->ret->len &&
        (strchr(name, '@') || g_ascii_strncasecmp(name, "/o=", 3) == 0))
        rc = refuse(l, "this is not an address", name, strlen(name));
    l->group = NULL;
    return rc;
}

/* --- characters --- */

/* Behind the comment at `p`, or NULL. */
static const char *comment_end(const char *p)
{
    int depth = 0;

    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == '(')
            depth++;
        else if (*p == ')' && --depth == 0)
            return p + 1;
    }
    return NULL;
}

static const char *quote_end(const char *p)
{
    for (p++; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == '"')
            return p + 1;
    }
    return NULL;
}

/* What is open to the end of the list hides what it holds. */
static int open_end(struct list *l, const char *what)
{
    const char *rest = l->p;

    l->p += strlen(rest);
    return strchr(rest, '@') ? refuse(l, what, rest, strlen(rest)) : 0;
}

static int read_comment(struct list *l)
{
    const char *end = comment_end(l->p);

    end_word(l);
    if (!end)
        return open_end(l, "a comment has no end");
    l->p = end;
    return 0;
}

static int read_quoted(struct list *l)
{
    const char *end = quote_end(l->p);

    if (!end) {
        g_string_append(l->word, "\"\"");
        return open_end(l, "a quotation mark has no end");
    }
    g_string_append_len(l->word, l->p, end - l->p);
    l->p = end;
    return 0;
}

/* Without its '>' it goes as far as an address can. */
static void read_angle(struct list *l)
{
    size_t n;

    end_word(l);
    l->p += strspn(l->p, "< \t\r\n");
    n = strcspn(l->p, "<>");
    if (l->p[n] != '>')
        n = strcspn(l->p, "<,;");
    g_ptr_array_add(l->angles, angle_address(l->p, n));
    l->p += n;
    l->p += strspn(l->p, ">");
}

/* The host "[192.0.2.1]" is part of the word; other brackets are white space. */
static void read_bracket(struct list *l)
{
    const char *end = memchr(l->p, ']', strnlen(l->p, HOST_BYTES_MAX));

    if (l->word->len && l->word->str[l->word->len - 1] == '@' && end) {
        g_string_append_len(l->word, l->p, end + 1 - l->p);
        l->p = end + 1;
    } else {
        end_word(l);
        l->p++;
    }
}

static int read_colon(struct list *l)
{
    int rc = 0;

    if (!g_ascii_strcasecmp(l->word->str, "mailto") || !g_ascii_strcasecmp(l->word->str, "smtp"))
        g_string_append_c(l->word, ':');
    else
        rc = begin_group(l);
    l->p++;
    return rc;
}

static int read_separator(struct list *l)
{
    int rc = end_item(l);

    if (!rc && *l->p == ';')
        rc = end_group(l);
    l->p++;
    l->begin = l->p;
    return rc;
}

static void read_plain(struct list *l)
{
    size_t n = header_encoded_word(l->p);

    if (!n)
        n = *l->p == '\\' && l->p[1] ? 2 : 1;
    g_string_append_len(l->word, l->p, (gssize)n);
    l->p += n;
}

static int read_character(struct list *l)
{
    switch (*l->p) {
    case '"':
        return read_quoted(l);
    case '(':
        return read_comment(l);
    case '<':
        read_angle(l);
        return 0;
    case '[':
        read_bracket(l);
        return 0;
    case ':':
        return read_colon(l);
    case ',':
    case ';':
        return read_separator(l);
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case ']':
    case '>':
        end_word(l);
        l->p++;
        return 0;
    default:
        read_plain(l);
        return 0;
    }
}

/* Blanks and marks that nobody sees, as what is pasted from web pages has them. Those that join
 * letters belong to the words of some languages. */
static void blank_unseen(char *text)
{
    for (char *p = text, *next; *p; p = next) {
        gunichar c = g_utf8_get_char(p);
        bool joins = c == 0x200c || c == 0x200d;

        next = g_utf8_next_char(p);
        if (c >= 0x80 && !joins && (g_unichar_isspace(c) || g_unichar_type(c) == G_UNICODE_FORMAT))
            memset(p, ' ', (size_t)(next - p));
    }
}

int header_addresses(const char *raw, GPtrArray *ret, struct buf *err)
{
    struct list l = {.ret = ret, .err = err};
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    int rc = charset_decode(&text, raw, strlen(raw), NULL);
    blank_unseen(text.data);
    l.p = l.begin = text.data;
    l.word = g_string_new(NULL);
    l.words = g_ptr_array_new_with_free_func(g_free);
    l.angles = g_ptr_array_new_with_free_func(g_free);
    while (!rc && *l.p)
        rc = read_character(&l);
    if (!rc)
        rc = end_item(&l);
    if (!rc)
        rc = end_group(&l);
    g_free(l.group);
    g_string_free(l.word, TRUE);
    g_ptr_array_free(l.words, TRUE);
    g_ptr_array_free(l.angles, TRUE);
    return rc;
}
