/*
 * view_p.h - the data of the web page, below /_sandbox.
 *
 *     GET /folders                [{"id","name","path","depth","total","unread"}], children behind
 *                                 their parents
 *     GET /messages?folder=&top=  {"id","path","total","messages"}: newest first, without bodies
 *     GET /message?id=            {"message","folder","path","approval"}: Body only when it is
 *                                 plain text; approval null, or what a subscription has, without
 *                                 its sigs
 *     GET /body?id=               an HTML body as a page of its own that runs nothing and loads
 *                                 nothing; inline images are in it
 *     GET /attachment?message=&attachment=   to be saved, never shown
 *
 * Threads: any.
 */
#ifndef SANDBOX_VIEW_P_H
#define SANDBOX_VIEW_P_H

struct answer;
struct request;
struct sandbox;

void view_folders(struct sandbox *sb, const struct request *req, struct answer *ans);
void view_messages(struct sandbox *sb, const struct request *req, struct answer *ans);
void view_message(struct sandbox *sb, const struct request *req, struct answer *ans);
void view_body(struct sandbox *sb, const struct request *req, struct answer *ans);
void view_attachment(struct sandbox *sb, const struct request *req, struct answer *ans);

#endif
