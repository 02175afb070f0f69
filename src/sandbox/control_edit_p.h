/*
 * control_edit_p.h - the control endpoints that read and change records: /edit, /record, /records.
 *
 * Threads: any.
 */
#ifndef SANDBOX_CONTROL_EDIT_P_H
#define SANDBOX_CONTROL_EDIT_P_H

struct answer;
struct request;
struct sandbox;

void control_edit(struct sandbox *sb, const struct request *req, struct answer *ans);
void control_record(struct sandbox *sb, const struct request *req, struct answer *ans);
void control_records(struct sandbox *sb, const struct request *req, struct answer *ans);

#endif
