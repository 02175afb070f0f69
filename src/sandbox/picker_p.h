/*
 * picker_p.h - mail folders: the folder picker's two operations, and what folderPath may say
 * (connector contract, 4.9).
 *
 * Threads: between db_begin() and db_end().
 */
#ifndef SANDBOX_PICKER_P_H
#define SANDBOX_PICKER_P_H

#include <stdbool.h>

struct answer;
struct db;
struct folder;
struct request;
struct sandbox;

/*
 * A display path ("Inbox/Support"), a well-known name without blanks ("SentItems") as its first
 * part, or "Id::<folder id>". A folder whose own name has a '/' is reachable by its id only. False:
 * there is none.
 */
bool picker_folder(struct db *db, const char *path, struct folder *ret);

/* The display path of a folder; "" for an unknown one. The caller frees it. */
char *picker_path(struct db *db, const char *folder_id);

void picker_open(struct sandbox *sb, const struct request *req, struct answer *ans);
void picker_browse(struct sandbox *sb, const struct request *req, struct answer *ans);

#endif
