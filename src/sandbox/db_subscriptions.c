/*
 * db_subscriptions.c - subscriptions as rows. Their rows outlive an unsubscription, so that an old
 * link still gets a polite answer.
 */
#include "db_p.h"

#include "db_private_p.h"

#include <outlookfs/base/alloc.h>

void db_subscription_add(struct db *db, const char *id, int64_t message_row, const char *json)
{
    const char *sql = "INSERT INTO subscription (id, message, pending, json) VALUES (?, ?, 0, ?)";

    db_run(db, db_statement(db, sql, "sis", id, message_row, json));
}

void db_subscription_set(struct db *db, const char *id, bool pending, const char *json)
{
    const char *sql = "UPDATE subscription SET pending = ?, json = ? WHERE id = ?";

    db_run(db, db_statement(db, sql, "iss", (int64_t)pending, json, id));
}

static char *one_text(struct db *db, sqlite3_stmt *stmt)
{
    char *text = db_step(db, stmt) ? db_text(stmt, 0) : NULL;

    sqlite3_finalize(stmt);
    return text;
}

char *db_subscription(struct db *db, const char *id)
{
    return one_text(db, db_statement(db, "SELECT json FROM subscription WHERE id = ?", "s", id));
}

char *db_subscription_of_message(struct db *db, int64_t message_row)
{
    return one_text(
        db, db_statement(db, "SELECT json FROM subscription WHERE message = ?", "i", message_row));
}

char *db_subscription_pending(struct db *db)
{
    const char *sql = "SELECT json FROM subscription WHERE pending ORDER BY position LIMIT 1";

    return one_text(db, db_statement(db, sql, ""));
}

void db_subscriptions(struct db *db,
                      void (*each)(void *arg, const char *json, const char *message_id), void *arg)
{
    sqlite3_stmt *stmt = db_statement(db,
                                      "SELECT s.json, r.id FROM subscription s "
                                      "LEFT JOIN record r ON r.row = s.message ORDER BY position",
                                      "");

    while (db_step(db, stmt))
        each(arg, (const char *)sqlite3_column_text(stmt, 0),
             (const char *)sqlite3_column_text(stmt, 1));
    sqlite3_finalize(stmt);
}
