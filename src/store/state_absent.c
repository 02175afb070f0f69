/*
 * state_absent.c - which names and inodes no row has, known without asking: a Bloom filter.
 *
 * Nearly every file that is looked up or opened is a record nobody touched here. What rows are found
 * by (names of slots and scratch files, ids of records, inodes of slots) is entered before a row that
 * has it is written, and never taken out. Whoever finds it entered has to ask all the same: at 10,000
 * rows one look in 10,000 is needless, at 100,000 one in 24.
 */
#include "state_p.h"

#include <outlookfs/base/str.h>

#include <string.h>

#define LOOKS 3 /* bits of an entry */

static uint64_t bit_of(uint64_t sum, int look)
{
    return sum >> look * 21 & (ABSENT_BITS - 1);
}

static void enter(struct state *s, uint64_t sum)
{
    for (int i = 0; i < LOOKS; i++) {
        uint64_t bit = bit_of(sum, i);

        atomic_fetch_or(&s->entered[bit / 64], UINT64_C(1) << bit % 64);
    }
}

static bool is_entered(struct state *s, uint64_t sum)
{
    for (int i = 0; i < LOOKS; i++) {
        uint64_t bit = bit_of(sum, i);

        if (!(atomic_load(&s->entered[bit / 64]) >> bit % 64 & 1))
            return false;
    }
    return true;
}

void absent_enter(struct state *s, const char *text)
{
    if (text)
        enter(s, str_sum(0, text, strlen(text)));
}

void absent_enter_ino(struct state *s, uint64_t ino)
{
    enter(s, str_sum(0, &ino, sizeof(ino)));
}

bool is_absent(struct state *s, const char *text)
{
    return !text || !is_entered(s, str_sum(0, text, strlen(text)));
}

bool is_absent_ino(struct state *s, uint64_t ino)
{
    return !is_entered(s, str_sum(0, &ino, sizeof(ino)));
}

int absent_begin(struct state *s)
{
    struct sql_query q;

    db_read(&s->db, &q, "SELECT name, record, ino FROM slots");
    while (sql_row(&q)) {
        absent_enter(s, sql_str(&q, 0));
        absent_enter(s, sql_str(&q, 1));
        absent_enter_ino(s, (uint64_t)sql_int(&q, 2));
    }
    int rc = sql_end(&q);
    if (rc)
        return rc;
    db_read(&s->db, &q, "SELECT name FROM locals");
    while (sql_row(&q))
        absent_enter(s, sql_str(&q, 0));
    return sql_end(&q);
}
