#include "support.h"

#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

static void test_records(void **state)
{
    static const char *const records[] = {"a.json",  "AAMk-_=.json", "tmp.json", "a~.json",
                                          "a#.json", "x.json.json",  " .json",   "\xc3\xa9.json"};
    static const char *const scratch[] = {
        "",        ".json",     "json",       "a.JSON",   "a.json~",        ".a.json",
        "~a.json", "#a.json",   ".#a.json",   "a/b.json", "/.json",         "a.json.swp",
        "4913",    "sedAbCdEf", "a.json.tmp", "DEADJOE",  ".~lock.a.json#", ".tmp1.json",
        "a.jsonx", "~$a.json",  "#a.json#",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(records); i++)
        assert_true(name_is_record(records[i]));
    for (size_t i = 0; i < ARRAY_SIZE(scratch); i++)
        assert_false(name_is_record(scratch[i]));
}

static void test_scratch_dirs(void **state)
{
    (void)state;
    assert_true(name_is_scratch_dir(".git"));
    assert_true(name_is_scratch_dir(".~tmp~"));
    assert_true(name_is_scratch_dir("~x"));
    assert_true(name_is_scratch_dir("__MACOSX"));
    assert_false(name_is_scratch_dir("__MACOSX2"));
    assert_false(name_is_scratch_dir("Friends"));
    assert_false(name_is_scratch_dir(""));
}

static void test_ids(void **state)
{
    static const char *const cases[][3] = {
        /* id, its name, its name with a byte that is spelt */
        {"AAMk-_=", "AAMk-_=.json", "%41AMk-_=.json"},
        {"c1", "c1.json", "%631.json"},
        {"a/b", "a%2Fb.json", "%61%2Fb.json"},
        {"100%", "100%25.json", "%3100%25.json"},
        {".a", "%2Ea.json", "%2Ea.json"},
        {"..", "%2E..json", "%2E..json"},
        {"~a", "%7Ea.json", "%7Ea.json"},
        {"#a", "%23a.json", "%23a.json"},
        {"a\nb", "a%0Ab.json", "%61%0Ab.json"},
        {"\xc3\xa9", "\xc3\xa9.json", "%C3%A9.json"},
        {"x.json", "x.json.json", "%78.json.json"},
        {"a%2Fb", "a%252Fb.json", "%61%252Fb.json"},
    };
    uint64_t tag;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (size_t spelt = 0; spelt < 2; spelt++) {
            char *name = name_of_id(cases[i][0], NAME_RECORD_SUFFIX, spelt), *id = NULL;

            assert_string_equal(name, cases[i][1 + spelt]);
            assert_true(name_is_record(name));
            assert_true(name_read_id(name, NAME_RECORD_SUFFIX, &id, &tag));
            assert_string_equal(id, cases[i][0]);
            assert_int_equal(name_tag(id), 0);
            free(id);
            free(name);
        }
    }
}

static void test_names_of_no_id(void **state)
{
    static const char *const names[] = {".AAMk.json", "~a.json", "#a.json",   ".json",
                                        "a.JSON",     "a%.json", "a%2.json",  "a%zz.json",
                                        "a%00.json",  "a",       "a%~1.json", ""};
    uint64_t tag;
    char *id;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_false(name_read_id(names[i], NAME_RECORD_SUFFIX, &id, &tag));
}

/* Cut, and another end: two names. */
static void test_long_ids(void **state)
{
    static const char *const suffixes[] = {".json", ".attachments", ":2,S"};
    char a[1001], b[1001];

    (void)state;
    memset(a, 'A', 1000);
    memset(b, 'A', 1000);
    a[1000] = b[1000] = '\0';
    b[999] = 'B';
    a[250] = '\0';
    char *whole = name_from_id(a);
    assert_int_equal(strlen(whole), NAME_BYTES_MAX);
    free(whole);
    a[250] = 'A';
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
        char *name = name_of_id(a, suffixes[i], 0), *other = name_of_id(b, suffixes[i], 0);
        char *id = a;
        uint64_t tag;

        assert_int_equal(strlen(name), NAME_BYTES_MAX);
        assert_string_not_equal(name, other);
        assert_true(name_read_id(name, suffixes[i], &id, &tag));
        assert_null(id);
        assert_true(tag && tag == name_tag(a) && tag != name_tag(b));
        free(name);
        free(other);
    }
}

static void test_safe(void **state)
{
    static const char *const cases[][2] = {
        {"Contacts", "Contacts"},
        {"Sent Items", "Sent Items"},
        {"a/b", "a%2Fb"},
        {"100%", "100%25"},
        {"", "%"},
        {"%", "%25"},
        {".", "%2E"},
        {"..", "%2E."},
        {"...", "..."},
        {".x", ".x"},
        {"a\tb\x7f", "a%09b%7F"},
        {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xc2\x85z\xc2\xa0", "a%C2%85z\xc2\xa0"},
        {"\xff\xc3", "%FF%C3"},
        {"\xed\xa0\x80", "%ED%A0%80"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *name = name_safe(cases[i][0], NAME_BYTES_MAX);

        assert_string_equal(name, cases[i][1]);
        free(name);
    }
}

/* At a character boundary, and never in the middle of a "%XX". */
static void test_cut(void **state)
{
    char *name = name_safe("aaaaaa\xe2\x82\xac\xe2\x82\xac"
                           "bbbbbbbb",
                           16);

    (void)state;
    assert_int_equal(strlen(name), 15);
    assert_memory_equal(name, "aaaaaa~", 7);
    free(name);
    name = name_safe("aaaaa////////", 16);
    assert_int_equal(strlen(name), 14);
    assert_memory_equal(name, "aaaaa~", 6);
    free(name);
    name = name_safe("aaaa////////", 16);
    assert_int_equal(strlen(name), 16);
    assert_memory_equal(name, "aaaa%2F~", 8);
    free(name);
    name = name_safe("0123456789abcdef", 16);
    assert_string_equal(name, "0123456789abcdef");
    free(name);
}

static void test_unique(void **state)
{
    static const struct {
        const char *name;
        bool keep_ext;
        const char *front, *back;
    } cases[] = {
        {"Work", false, "Work~", ""},
        {"a.tar.gz", true, "a.tar~", ".gz"},
        {"a.tar.gz", false, "a.tar.gz~", ""},
        {".profile", true, ".profile~", ""},
        {"end.", true, "end~", "."},
        {"\xff.txt", true, "\xff~", ".txt"},
        {"a.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", true,
         "a.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb~", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *name = name_unique(cases[i].name, "some id", cases[i].keep_ext);

        assert_true(str_starts(name, cases[i].front));
        assert_true(str_ends(name, cases[i].back));
        assert_int_equal(strlen(name), strlen(cases[i].front) + 8 + strlen(cases[i].back));
        free(name);
    }
}

static void test_unique_by_id(void **state)
{
    struct map seen;

    (void)state;
    map_init(&seen);
    for (int i = 0; i < 4000; i++) {
        char id[64];
        char *name;

        snprintf(id, sizeof(id), "AAMkADZiMmZiZGEwLTIyZDYtNDA3ZC1hZjJkLTljYjg%dAAA=", i);
        name = name_unique("report.pdf", id, true);
        assert_null(map_set(&seen, name, &seen));
        free(name);
    }
    map_release(&seen);
}

static void assert_file_name(const char *name, size_t max)
{
    size_t len = strlen(name);

    assert_in_range(len, 1, max);
    assert_null(strchr(name, '/'));
    assert_true(str_is_utf8(name, len));
    assert_string_not_equal(name, ".");
    assert_string_not_equal(name, "..");
    for (size_t i = 0; i < len; i++)
        assert_true((unsigned char)name[i] >= 0x20 && name[i] != 0x7f);
}

static void test_any_bytes(void **state)
{
    static const char *const pieces[] = {
        ".",    "/", "%",   "a",     "\x01",    "\xc3\xa9", "\xc3", "\xf0\x9f\x98\x80",
        "\xff", " ", "%2F", ".json", "\xc2\x80"};
    struct random r = {42};

    (void)state;
    for (int i = 0; i < 4000; i++) {
        size_t max = NAME_MAX_LEAST + random_below(&r, NAME_BYTES_MAX - NAME_MAX_LEAST + 1);
        struct buf display;
        char *name, *again, *unique;

        buf_init(&display, BUF_TEXT_MAX);
        for (unsigned n = random_below(&r, i % 4 ? 6 : 300); n > 0; n--)
            buf_addstr(&display, pieces[random_below(&r, ARRAY_SIZE(pieces))]);
        name = name_safe(display.data, max);
        again = name_safe(display.data, max);
        unique = name_unique(name, "id", i % 2);
        assert_file_name(name, max);
        assert_string_equal(name, again);
        assert_file_name(unique, NAME_BYTES_MAX);
        assert_string_not_equal(name, unique);
        free(name);
        free(again);
        free(unique);
        buf_release(&display);
    }
}

/* Nothing is lost by encoding: two displays never meet in one name, and decoding gives the display
 * back. */
static void test_reversible(void **state)
{
    struct random r = {5};

    (void)state;
    for (int i = 0; i < 4000; i++) {
        char display[24];
        unsigned len = 1 + random_below(&r, 22);
        struct buf back;
        char *name;

        for (unsigned k = 0; k < len; k++)
            display[k] = (char)(1 + random_below(&r, 255));
        display[len] = '\0';
        name = name_safe(display, NAME_BYTES_MAX);
        buf_init(&back, BUF_TEXT_MAX);
        assert_int_equal(str_percent_decode(&back, name, strlen(name)), 0);
        assert_string_equal(back.data, display);
        buf_release(&back);
        free(name);
    }
}

static void test_ino(void **state)
{
    uint64_t one = name_ino("contacts", "folder", "record");
    struct map seen;

    (void)state;
    assert_true(one == name_ino("contacts", "folder", "record"));
    assert_true(one != name_ino("contacts", "folderr", "ecord"));
    assert_true(one != name_ino("contacts", "folder"));
    map_init(&seen);
    for (int i = 0; i < 20000; i++) {
        char id[32], key[32];
        uint64_t ino;

        snprintf(id, sizeof(id), "id%d", i);
        ino = name_ino("mail", "Inbox", id);
        assert_true(ino >> 52 == 1);
        assert_true((uint64_t)(double)ino == ino);
        snprintf(key, sizeof(key), "%llx", (unsigned long long)ino);
        assert_null(map_set(&seen, key, &seen));
    }
    map_release(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),      cmocka_unit_test(test_scratch_dirs),
        cmocka_unit_test(test_ids),          cmocka_unit_test(test_names_of_no_id),
        cmocka_unit_test(test_long_ids),     cmocka_unit_test(test_safe),
        cmocka_unit_test(test_cut),          cmocka_unit_test(test_unique),
        cmocka_unit_test(test_unique_by_id), cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_reversible),   cmocka_unit_test(test_ino),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
