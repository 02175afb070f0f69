/*
 * seed_mail.c - the seeded messages: threads of one to four, newest at the epoch, some unread, some
 * with files.
 */
#include "seed_p.h"

#include "db_p.h"
#include "ids_p.h"
#include "message_p.h"
#include "picker_p.h"
#include "sandbox_p.h"
#include "seed_data_p.h"
#include "seed_private_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX ((size_t)256 * 1024)

/* A thread that still gets messages. */
struct thread {
    const char *subject;
    char *conversation; /* NULL: none yet */
    unsigned left;
};

static void add_paragraphs(struct seed *s, struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_addstr(out, "<p class=\"MsoNormal\">");
        for (size_t n = 1 + seed_below(s, 4); n; n--) {
            for (const char *p = seed_word(s, seed_sentences); *p; p++) {
                if (*p == '&')
                    buf_addstr(out, "&amp;");
                else if (*p == '<')
                    buf_addstr(out, "&lt;");
                else
                    buf_addch(out, *p);
            }
            buf_addch(out, ' ');
        }
        buf_addstr(out, "</p>\r\n");
    }
}

static char *html_body(struct seed *s, unsigned i)
{
    struct buf out;

    buf_init(&out, BODY_MAX);
    buf_addstr(&out, "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; "
                     "charset=utf-8\"><style>p.MsoNormal {margin:0cm; font-family:\"Calibri\"}"
                     "</style></head>\r\n<body lang=\"EN-US\"><div class=\"WordSection1\">\r\n");
    add_paragraphs(s, &out, i % 16 == 5 ? 250 : 1 + seed_below(s, 8));
    if (i % 25 == 1)
        buf_addstr(&out, "<img src=\"cid:logo@contoso.com\" alt=\"logo\">\r\n");
    buf_addstr(&out, "</div></body></html>\r\n");
    return buf_detach(&out);
}

static char *plain_body(struct seed *s)
{
    return xasprintf("%s\r\n\r\n%s\r\n", seed_word(s, seed_sentences),
                     seed_word(s, seed_sentences));
}

/* The files of the i-th message, as indexes into seed_files. */
static size_t choose_files(unsigned i, unsigned ret[4])
{
    switch (i % 25) {
    case 1:
        ret[0] = SEED_FILE_IMAGE_A;
        ret[1] = SEED_FILE_IMAGE_B;
        ret[2] = SEED_FILE_LOGO;
        return 3;
    case 4:
        ret[0] = SEED_FILE_NOTES;
        ret[1] = SEED_FILE_TABLE;
        return 2;
    case 9:
        ret[0] = SEED_FILE_SLASH;
        return 1;
    case 14:
        ret[0] = SEED_FILE_LOGO;
        return 1;
    default:
        return 0;
    }
}

static void add(struct seed *s, const char *folder_path, struct message_draft *d, unsigned i)
{
    struct attachment files[4];
    unsigned chosen[4];
    size_t n = choose_files(i, chosen);
    struct folder folder;

    for (size_t f = 0; f < n; f++) {
        const struct seed_file *file = &seed_files[chosen[f]];

        files[f] = (struct attachment){.name = (char *)file->name,
                                       .type = (char *)file->type,
                                       .content_id = (char *)file->content_id,
                                       .is_inline = file->content_id != NULL,
                                       .size = file->len,
                                       .content = (void *)file->data};
    }
    d->files = files;
    d->nfiles = n;
    picker_folder(s->db, folder_path, &folder);
    cJSON_Delete(message_add(s->db, &folder, d));
    folder_release(&folder);
}

static void open_thread(struct seed *s, struct thread *t)
{
    if (t->left) {
        t->left--;
        return;
    }
    free(t->conversation);
    t->subject = seed_word(s, seed_subjects);
    t->conversation = NULL;
    t->left = (unsigned)seed_below(s, 4);
}

static char *cc_list(struct seed *s)
{
    struct seed_person a, b;

    if (!seed_chance(s, 30))
        return NULL;
    seed_person(s, &a);
    seed_person(s, &b);
    return xasprintf("%s;%s", a.address, b.address);
}

static void received_message(struct seed *s, const char *folder, struct thread *t, unsigned i,
                             int64_t age)
{
    bool html = i % 7 != 6, first = !t->conversation;
    char *body = html ? html_body(s, i) : plain_body(s), *cc = cc_list(s), *subject;
    struct seed_person p;
    struct message_draft d;

    if (first)
        t->conversation = ids_conversation(db_next(s->db));
    subject = first ? xstrdup(t->subject) : xasprintf("RE: %s", t->subject);
    seed_person(s, &p);
    d = (struct message_draft){
        .from = p.address,
        .to = OWNER_ADDRESS,
        .cc = cc,
        .subject = subject,
        .body = body,
        .html = html,
        .importance = i % 11 == 2   ? 2
                      : i % 13 == 3 ? 0
                                    : 1,
        .read = i % 3 != 0,
        .received = (SEED_EPOCH - age) * NS_PER_S,
        .conversation = t->conversation,
    };
    add(s, folder, &d, i);
    free(subject);
    free(cc);
    free(body);
}

static void sent_message(struct seed *s, unsigned i, int64_t age)
{
    char *body = html_body(s, 0);
    struct seed_person p;
    struct message_draft d;

    seed_person(s, &p);
    d = (struct message_draft){
        .from = OWNER_ADDRESS,
        .to = p.address,
        .subject = seed_word(s, seed_subjects),
        .body = body,
        .html = true,
        .importance = 1,
        .read = true,
        .received = (SEED_EPOCH - age) * NS_PER_S,
    };
    add(s, "SentItems", &d, i);
    free(body);
}

void seed_messages(struct seed *s, unsigned count)
{
    static const char *const others[] = {"Inbox/Support", "Archive", "JunkEmail", "DeletedItems"};
    struct thread thread = {.left = 0};
    struct folder projects;
    char *path;

    for (unsigned i = 0; i < count; i++) {
        open_thread(s, &thread);
        received_message(s, "Inbox", &thread, i, (int64_t)(count - i) * 2437);
    }
    if (count) {
        for (unsigned i = 0; i < ARRAY_SIZE(others) * 2; i++) {
            thread.left = 0;
            open_thread(s, &thread);
            received_message(s, others[i / 2], &thread, 30 + i, (int64_t)(i + 1) * 80000);
        }
        for (unsigned i = 0; i < 4; i++)
            sent_message(s, i, (int64_t)(i + 1) * 50000);
        db_folder_by_name(s->db, RECORD_MESSAGE, NULL, "Projects 2026/2027", &projects);
        path = xasprintf("Id::%s", projects.id);
        received_message(s, path, &thread, 34, 123456);
        free(path);
        folder_release(&projects);
    }
    free(thread.conversation);
}
