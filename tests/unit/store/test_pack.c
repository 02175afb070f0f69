/*
 * test_pack.c - texts come back as they were, with any sample, and damaged ones are NULL.
 */
#include "store_test.h"

#include "store/pack_p.h"

#include <outlookfs/base/alloc.h>

static sqlite3 *open_memory(void)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(pack_functions(db), SQLITE_OK);
    return db;
}

/* The only column of "SELECT <expression>"; parameters: ?1 text, ?2 sample, ?3 size. */
static sqlite3_stmt *run(sqlite3 *db, const char *statement, const char *text, size_t size,
                         const char *sample, size_t sample_size, size_t told)
{
    sqlite3_stmt *stmt;

    assert_int_equal(sqlite3_prepare_v2(db, statement, -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_text(stmt, 1, text, (int)size, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 2, sample, (int)sample_size, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 3, (sqlite3_int64)told);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    return stmt;
}

/* Repetitive, random, or both. */
static char *make_text(size_t size, int kind)
{
    char *text = xmalloc(size + 1);
    unsigned state = 1;

    for (size_t i = 0; i < size; i++) {
        state = state * 1103515245 + 12345;
        bool random = kind == 1 || (kind == 2 && i / 50 % 2);
        text[i] = random ? (char)(32 + state / 65536 % 90) : "\"GivenName\": "[i % 13];
    }
    text[size] = '\0';
    return text;
}

static void assert_returns(sqlite3 *db, const char *text, size_t size, const char *of)
{
    char sample[PACK_SAMPLE_MAX];
    size_t sample_size = pack_sample(of, strlen(of), sample);
    sqlite3_stmt *stmt =
        run(db, "SELECT unpack(pack(?1, ?2), ?3, ?2)", text, size, sample, sample_size, size);

    assert_int_equal(sqlite3_column_type(stmt, 0), SQLITE_TEXT);
    assert_int_equal(sqlite3_column_bytes(stmt, 0), size);
    assert_memory_equal(sqlite3_column_text(stmt, 0), text, size);
    sqlite3_finalize(stmt);
}

static void test_texts_return(void **state)
{
    static const size_t sizes[] = {0, 1, 12, 13, 20, 100, 3839, 3840, 3841, 5000, 70000, 300000};
    sqlite3 *db = open_memory();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes) * 3; i++) {
        char *text = make_text(sizes[i / 3], (int)(i % 3));

        for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
            char *of = make_text(sizes[j], (int)(j % 3));

            assert_returns(db, text, sizes[i / 3], of);
            free(of);
        }
        assert_returns(db, text, sizes[i / 3], text);
        free(text);
    }
    sqlite3_close(db);
}

static void test_alike_takes_little(void **state)
{
    sqlite3 *db = open_memory();
    char *text = make_text(3000, 1);
    char sample[PACK_SAMPLE_MAX];
    size_t size = pack_sample(text, 3000, sample);

    (void)state;
    sqlite3_stmt *stmt = run(db, "SELECT pack(?1, ?2)", text, 3000, sample, size, 0);
    assert_in_range(sqlite3_column_bytes(stmt, 0), 1, 60);
    sqlite3_finalize(stmt);
    stmt = run(db, "SELECT pack(?1, x'')", text, 3000, sample, size, 0);
    assert_int_equal(sqlite3_column_type(stmt, 0), SQLITE_TEXT); /* nothing repeats */
    sqlite3_finalize(stmt);
    free(text);
    sqlite3_close(db);
}

static void test_damaged_is_null(void **state)
{
    static const char *const statements[] = {
        "SELECT unpack(pack(?1, ?2), ?3 + 1, ?2)",
        "SELECT unpack(pack(?1, ?2), ?3 - 1, ?2)",
        "SELECT unpack(pack(?1, ?2), 0, ?2)",
        "SELECT unpack(pack(?1, ?2), -1, ?2)",
        "SELECT unpack(substr(pack(?1, ?2), 2), ?3, ?2)",
        "SELECT unpack(zeroblob(10), ?3, ?2)",
        "SELECT unpack(x'', ?3, ?2)",
        "SELECT unpack(pack(?1, ?2), ?3, x'')",
    };
    sqlite3 *db = open_memory();
    char *text = make_text(3000, 2);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
        sqlite3_stmt *stmt = run(db, statements[i], text, 3000, text, 3000, 3000);

        assert_int_equal(sqlite3_column_type(stmt, 0), SQLITE_NULL);
        sqlite3_finalize(stmt);
    }
    free(text);
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_return),
        cmocka_unit_test(test_alike_takes_little),
        cmocka_unit_test(test_damaged_is_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
