#include "store_test.h"

#include <outlookfs/base/cancel.h>
#include <outlookfs/store/cache.h>

#include <pthread.h>
#include <sqlite3.h>

static struct cache *open_cache(const char *dir)
{
    struct cache *c;

    assert_int_equal(cache_open(dir, &c, NULL), 0);
    return c;
}

static void put(struct cache *c, enum kind kind, const char *folder, const char *id, int64_t mtime,
                const char *text)
{
    struct item item = item_of(kind, id, mtime, text);

    assert_int_equal(cache_put(c, folder, &item, 1, NULL), 0);
}

static void put_mail(struct cache *c, const char *id, int64_t mtime, const char *subject)
{
    char *text = xasprintf("{\"Id\":\"%s\",\"Subject\":\"%s\"}", id, subject);

    put(c, KIND_MESSAGE, "Inbox", id, mtime, text);
    free(text);
}

/* The ids found, in their order, as one string. */
static void assert_finds(struct cache *c, const char *words, const char *ids)
{
    struct cache_hit *hits;
    struct buf found;
    size_t count;

    buf_init(&found, BUF_TEXT_MAX);
    assert_int_equal(cache_search(c, words, 100, NULL, &hits, &count), 0);
    for (size_t i = 0; i < count; i++)
        buf_addf(&found, "%s%s", i ? " " : "", hits[i].id);
    cache_hits_free(hits, count);
    assert_string_equal(found.data, ids);
    buf_release(&found);
}

static void assert_refused(struct cache *c, const char *words)
{
    struct cache_hit *hits;
    size_t count;

    assert_int_equal(cache_search(c, words, 100, NULL, &hits, &count), -EINVAL);
}

/* What FTS5 itself finds, whatever the records say; the cache is closed meanwhile. */
static int64_t rows_matching(const char *dir, const char *words)
{
    char *query = xasprintf("SELECT count(*) FROM words WHERE words MATCH '%s'", words);
    char *path = path_in(dir, "cache.db");
    sqlite3_stmt *stmt;
    sqlite3 *db;
    int64_t n;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    free(path);
    free(query);
    return n;
}

static void test_newest_first(void **state)
{
    struct cache *c = open_cache(*state);

    put_mail(c, "a", 200, "budget of spring");
    put_mail(c, "b", 300, "budget of autumn");
    put_mail(c, "c", 100, "budget of winter");
    put_mail(c, "d", 400, "holidays in autumn");
    assert_finds(c, "budget", "b a c");
    assert_finds(c, "budget autumn", "b");
    assert_finds(c, "autumn", "d b");
    assert_finds(c, "summer", "");
    cache_close(c);
    c = open_cache(*state);
    assert_finds(c, "budget", "b a c");
    cache_close(c);
}

static void test_at_most(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_hit *hits;
    size_t count;

    put_mail(c, "a", 1, "x");
    put_mail(c, "b", 2, "x");
    put_mail(c, "c", 3, "x");
    assert_int_equal(cache_search(c, "x", 2, NULL, &hits, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(hits[0].kind, KIND_MESSAGE);
    assert_string_equal(hits[0].folder, "Inbox");
    assert_string_equal(hits[0].id, "c");
    assert_string_equal(hits[1].id, "b");
    cache_hits_free(hits, count);
    cache_close(c);
}

static void test_all_kinds_and_folders(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, KIND_MESSAGE, "1", "m", 4, "{\"Subject\":\"fritz\"}");
    put(c, KIND_MESSAGE, "2", "n", 3, "{\"From\":\"fritz@x.example\"}");
    put(c, KIND_EVENT, "1", "e", 2, "{\"Organizer\":{\"EmailAddress\":{\"Name\":\"Fritz\"}}}");
    put(c, KIND_CONTACT, "1", "c", 1, "{\"EmailAddresses\":[{\"Name\":\"Fritz\"}]}");
    assert_finds(c, "fritz", "m n e c");
    cache_close(c);
}

static void test_case_accents_scripts(void **state)
{
    struct cache *c = open_cache(*state);

    put_mail(c, "a", 3, "Caf\xc3\xa9 in D\xc3\x9cSSELDORF");
    put_mail(c, "b", 2, "\xe6\x9d\xb1\xe4\xba\xac \xe4\xbc\x9a\xe8\xad\xb0"); /* 東京 会議 */
    put_mail(c, "c", 1,
             "\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0 \xf0\x9f\x8e\x89"); /* Москва 🎉 */
    assert_finds(c, "CAFE", "a");
    assert_finds(c, "caf\xc3\xa9", "a");
    assert_finds(c, "dusseldorf", "a");
    assert_finds(c, "\xe6\x9d\xb1\xe4\xba\xac", "b");
    assert_finds(c, "\xe4\xbc\x9a*", "b");
    assert_finds(c, "\xd0\xbc\xd0\x9e\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0", "c");
    assert_finds(c, "\xf0\x9f\x8e\x89", "");
    assert_finds(c, "\xf0\x9f\x8e\x89 cafe", "a");
    assert_finds(c, "\xe2\x80\x93 cafe \xc2\xab", "a");
    cache_close(c);
}

static void test_phrase_and_prefix(void **state)
{
    struct cache *c = open_cache(*state);

    put_mail(c, "a", 2, "quarterly report of Berlin");
    put_mail(c, "b", 1, "report, quarterly; Bern");
    assert_finds(c, "quarterly report", "a b");
    assert_finds(c, "\"quarterly report\"", "a");
    assert_finds(c, "ber*", "a b");
    assert_finds(c, "ber", "");
    assert_finds(c, "\"report of ber\"*", "a");
    assert_finds(c, "\"quarterly report", "a");
    assert_finds(c, "bern report*", "b");
    assert_finds(c, "\"quarterly\"\"bern\"", "b");
    assert_finds(c, "rep*ort", "");
    cache_close(c);
}

static void test_nothing_else_is_syntax(void **state)
{
    static const char *const words[] = {
        "budget AND",     "NOT budget",        "budget OR x",   "text:budget",  "(budget",
        "budget)",        "^budget",           "budget + x",    "NEAR(budget)", "{text}:budget",
        "budget ''",      "'; DROP TABLE x",   "budget \"\" *", "-budget",      "budget\"*\"",
        "*budget* **",    "\"budget*\" \"",    "a*b*c\"d*e",    "budget\\",     "budget\x01",
        "\"budget\" * *", "budget:* \"x\"**y",
    };
    struct cache *c = open_cache(*state);
    struct buf many;

    put_mail(c, "a", 1, "budget");
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        struct cache_hit *hits;
        size_t count;

        assert_int_equal(cache_search(c, words[i], 10, NULL, &hits, &count), 0);
        cache_hits_free(hits, count);
    }
    assert_finds(c, "text:budget", "");
    assert_finds(c, "-budget", "a");
    assert_finds(c, "^budget) \"\" '", "a");
    buf_init(&many, 1 << 16);
    for (size_t i = 0; i < 2000; i++)
        buf_addstr(&many, "budget ");
    assert_finds(c, many.data, "a");
    buf_release(&many);
    cache_close(c);
}

static void test_no_word(void **state)
{
    struct cache *c = open_cache(*state);

    put_mail(c, "a", 1, "budget");
    assert_refused(c, "");
    assert_refused(c, " \t");
    assert_refused(c, "*");
    assert_refused(c, "\"\"");
    assert_refused(c, "-- ... \"!\" ?*");
    assert_refused(c, "\xe2\x80\x93 \xc2\xab\xc2\xbb \xe3\x80\x81");
    assert_refused(c, "budget \xff");
    cache_close(c);
}

static void test_values_only(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, KIND_MESSAGE, "Inbox", "a", 1,
        "{\"Id\":\"theid\",\"ConversationId\":\"theconversation\",\"Subject\":\"greeting\","
        "\"BodyPreview\":\"thepreview\",\"Attachments\":[{\"Id\":\"theattachment\",\"Name\":"
        "\"letter.pdf\",\"ContentType\":\"application/thetype\"}],\"X@odata.type\":\"thetype\"}");
    put(c, KIND_CONTACT, "F", "b", 2,
        "{\"ChangeKey\":\"thekey\",\"GivenName\":\"Jane\",\"ParentFolderId\":\"thefolder\"}");
    assert_finds(c, "subject", "");
    assert_finds(c, "theid", "");
    assert_finds(c, "the*", "");
    assert_finds(c, "letter", "a");
    assert_finds(c, "jane", "b");
    cache_close(c);
}

static void test_html_is_its_text(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, KIND_MESSAGE, "Inbox", "a", 3,
        "{\"Body\":\"<p class=\\\"hidden\\\">Gr&uuml;&szlig;e an <b>B</b>erlin</p><style>tomato"
        "</style>\",\"IsHtml\":true}");
    put(c, KIND_EVENT, "F", "b", 2,
        "{\"Body\":{\"ContentType\":\"HTML\",\"Content\":\"<div>Agenda</div>point\"}}");
    put(c, KIND_MESSAGE, "Inbox", "c", 1,
        "{\"Body\":\"plain from Fritz <fritz@mail.example>\",\"IsHtml\":false}");
    assert_finds(c,
                 "gr\xc3\xbc\xc3\x9f"
                 "e",
                 "a");
    assert_finds(c, "berlin", "a");
    assert_finds(c, "hidden", "");
    assert_finds(c, "tomato", "");
    assert_finds(c, "agenda", "b");
    assert_finds(c, "div", "");
    assert_finds(c, "fritz@mail.example", "c");
    cache_close(c);
}

/* The mail's text is of no use to the index; the mail is no reason to fail. */
static void test_no_json(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, KIND_MESSAGE, "Inbox", "a", 1, "{ not json");
    put_mail(c, "b", 2, "json");
    assert_finds(c, "json", "b");
    cache_close(c);
}

static void test_changed_record(void **state)
{
    struct cache *c = open_cache(*state);

    put_mail(c, "a", 1, "spring");
    put_mail(c, "b", 2, "spring");
    assert_finds(c, "spring", "b a");
    put_mail(c, "a", 3, "autumn");
    assert_finds(c, "spring", "b");
    assert_finds(c, "autumn", "a");
    put_mail(c, "a", 3, "autumn");
    assert_finds(c, "autumn", "a");
    cache_close(c);
}

/* Dead documents stay for a while and are never found; most of them dead, all go. */
static void test_changed_again_and_again(void **state)
{
    struct cache *c = open_cache(*state);

    put_mail(c, "a", 1, "spring");
    put_mail(c, "b", 2, "spring");
    for (int i = 0; i < 1000; i++) {
        put_mail(c, "a", 3 + i, i % 2 ? "autumn leaf" : "summer leaf");
        assert_finds(c, "leaf", "a");
        assert_finds(c, "autumn", i % 2 ? "a" : "");
        assert_finds(c, "spring", "b");
    }
    cache_close(c);
    assert_in_range(rows_matching(*state, "leaf"), 1, 300);
    assert_in_range(rows_matching(*state, "spring"), 1, 2);
}

static void test_removed_record(void **state)
{
    struct cache *c = open_cache(*state);

    put_mail(c, "a", 1, "spring");
    put_mail(c, "b", 2, "spring");
    assert_finds(c, "spring", "b a");
    put_mail(c, "a", 3, "autumn"); /* in the index, but not as it is */
    assert_int_equal(cache_remove(c, KIND_MESSAGE, "Inbox", "a"), 0);
    assert_int_equal(cache_remove(c, KIND_MESSAGE, "Inbox", "b"), 0);
    assert_finds(c, "spring", "");
    assert_finds(c, "autumn", "");
    cache_close(c);
}

/* The newest revision is gone and the file opened again: what comes next is newer all the same. */
static void test_after_the_newest_is_gone(void **state)
{
    struct cache *c = open_cache(*state);

    put_mail(c, "a", 1, "spring");
    put_mail(c, "b", 2, "spring");
    assert_finds(c, "spring", "b a");
    assert_int_equal(cache_remove(c, KIND_MESSAGE, "Inbox", "b"), 0);
    cache_close(c);
    c = open_cache(*state);
    put_mail(c, "c", 3, "spring");
    assert_finds(c, "spring", "c a");
    cache_close(c);
}

static void test_folder_gone(void **state)
{
    struct cache_folder list[] = {{.kind = KIND_MESSAGE, .id = "Other", .display = "Other"}};
    struct cache_folders folders = {.list = list, .count = 1, .asked_at = 1};
    struct cache *c = open_cache(*state);

    for (int i = 0; i < 600; i++) {
        char id[16];

        snprintf(id, sizeof(id), "m%d", i);
        put_mail(c, id, i, "spring");
    }
    put(c, KIND_MESSAGE, "Other", "x", 1000, "{\"Subject\":\"spring\"}");
    put(c, KIND_EVENT, "Inbox", "e", 1, "{\"Subject\":\"event\"}");
    assert_finds(c, "event", "e");
    assert_int_equal(cache_put_folders(c, KIND_MESSAGE, &folders), 0);
    assert_finds(c, "spring", "x");
    assert_finds(c, "event", "e");
    cache_close(c);
    assert_int_equal(rows_matching(*state, "spring"), 1);
}

/* The numbers of documents that are dead are never given again, whatever else is gone. */
static void test_after_all_folders_are_gone(void **state)
{
    struct cache_folders none = {.asked_at = 1};
    struct cache *c = open_cache(*state);

    put_mail(c, "a", 1, "spring");
    put_mail(c, "b", 2, "spring");
    assert_finds(c, "spring", "b a");
    assert_int_equal(cache_put_folders(c, KIND_MESSAGE, &none), 0);
    assert_finds(c, "spring", "");
    cache_close(c);
    c = open_cache(*state);
    put_mail(c, "c", 3, "autumn");
    put_mail(c, "d", 3, "winter");
    assert_finds(c, "autumn", "c");
    assert_finds(c, "spring", "");
    cache_close(c);
}

/* The other account's words go at once, not with the next search. */
static void test_claim(void **state)
{
    struct cache *c = open_cache(*state);

    assert_int_equal(cache_claim(c, "one"), 0);
    put_mail(c, "a", 1, "secret");
    assert_finds(c, "secret", "a");
    assert_int_equal(cache_claim(c, "two"), 0);
    cache_close(c);
    assert_int_equal(rows_matching(*state, "secret"), 0);
    c = open_cache(*state);
    assert_finds(c, "secret", "");
    put_mail(c, "a", 1, "public");
    assert_finds(c, "public", "a");
    cache_close(c);
}

static void test_cancel(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_hit *hits;
    struct cancel cancel;
    size_t count;

    put_mail(c, "a", 1, "spring");
    cancel_init(&cancel);
    cancel_fire(&cancel);
    assert_int_equal(cache_search(c, "spring", 1, &cancel, &hits, &count), -EINTR);
    assert_finds(c, "spring", "a");
    cache_close(c);
}

#define WRITTEN 400

static void *write_mails(void *ctx)
{
    for (int i = 0; i < WRITTEN; i++) {
        char id[16];

        snprintf(id, sizeof(id), "m%d", i % (WRITTEN / 2)); /* each is changed once */
        put_mail(ctx, id, i, i < WRITTEN / 2 ? "spring" : "autumn");
    }
    return NULL;
}

static size_t count_hits(struct cache *c, const char *words)
{
    struct cache_hit *hits;
    size_t count;

    assert_int_equal(cache_search(c, words, WRITTEN, NULL, &hits, &count), 0);
    cache_hits_free(hits, count);
    return count;
}

static void test_beside_a_writer(void **state)
{
    struct cache *c = open_cache(*state);
    pthread_t writer;

    assert_int_equal(pthread_create(&writer, NULL, write_mails, c), 0);
    while (count_hits(c, "autumn") < WRITTEN / 4)
        assert_true(count_hits(c, "spring") <= WRITTEN / 2);
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(count_hits(c, "autumn"), WRITTEN / 2);
    assert_int_equal(count_hits(c, "spring"), 0);
    cache_close(c);
}

static void test_damage(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_hit *hits;
    char *path = path_in(*state, "cache.db");
    sqlite3 *db;
    size_t count;

    put_mail(c, "a", 1, "spring");
    assert_finds(c, "spring", "a");
    cache_close(c);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE words_data SET block = x'00ff00ff00ff'", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    c = open_cache(*state);
    assert_int_equal(cache_search(c, "spring", 1, NULL, &hits, &count), -EIO);
    cache_close(c);
    assert_int_not_equal(mode_of(*state, "cache.db.bad"), 0);
    c = open_cache(*state);
    assert_finds(c, "spring", "");
    cache_close(c);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_newest_first),
        dir_test(test_at_most),
        dir_test(test_all_kinds_and_folders),
        dir_test(test_case_accents_scripts),
        dir_test(test_phrase_and_prefix),
        dir_test(test_nothing_else_is_syntax),
        dir_test(test_no_word),
        dir_test(test_values_only),
        dir_test(test_html_is_its_text),
        dir_test(test_no_json),
        dir_test(test_changed_record),
        dir_test(test_changed_again_and_again),
        dir_test(test_removed_record),
        dir_test(test_after_the_newest_is_gone),
        dir_test(test_folder_gone),
        dir_test(test_after_all_folders_are_gone),
        dir_test(test_claim),
        dir_test(test_cancel),
        dir_test(test_beside_a_writer),
        dir_test(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
