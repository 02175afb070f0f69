// graph-client.mjs - Microsoft's own client reads, writes, follows a delta and batches. Says what it found as JSON on its last line.
//
//   NODE_EXTRA_CA_CERTS=cert.pem node graph-client.mjs --modules DIR --url https://127.0.0.1:PORT/ --token T
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({ options: { modules: { type: 'string' }, url: { type: 'string' }, token: { type: 'string' } } });
const require = createRequire(path.join(path.resolve(options.modules), 'package.json'));
const { Client, PageIterator, BatchRequestContent, BatchResponseContent } = require('@microsoft/microsoft-graph-client');
const client = Client.init({
  baseUrl: options.url,
  customHosts: new Set([new URL(options.url).hostname]),
  authProvider: (done) => done(null, options.token),
});
const found = {};

// Reads, page by page, as PageIterator does it.
const first = await client.api('/me/mailFolders/inbox/messages').top(7).select('id,subject').get();
found.subjects = [];
await new PageIterator(client, first, (message) => { found.subjects.push(message.subject); return true; }).iterate();

// Writes.
const draft = await client.api('/me/messages').post({
  subject: 'From the SDK',
  body: { contentType: 'text', content: 'It works.' },
  toRecipients: [{ emailAddress: { address: 'robin.berger@contoso.com' } }],
});
await client.api(`/me/messages/${draft.id}`).patch({ importance: 'high' });
await client.api(`/me/messages/${draft.id}/send`).post(null);
const contact = await client.api('/me/contacts').post({ givenName: 'Ada', surname: 'Byron' });
found.displayName = (await client.api(`/me/contacts/${contact.id}`).get()).displayName;
await client.api(`/me/contacts/${contact.id}`).delete();
found.gone = await client.api(`/me/contacts/${contact.id}`).get().then(() => 0, (error) => error.statusCode);

// Follows a delta to its end, changes something, and follows on.
async function walk(link) {
  const entries = [];
  let page = await client.api(link).get();
  for (;;) {
    entries.push(...page.value);
    if (!page['@odata.nextLink']) return [entries, page['@odata.deltaLink']];
    page = await client.api(page['@odata.nextLink']).get();
  }
}
const [all, deltaLink] = await walk('/me/mailFolders/inbox/messages/delta');
found.all = all.length;
await client.api(`/me/messages/${all[0].id}`).patch({ isRead: !all[0].isRead });
[found.changes] = await walk(deltaLink);

// Batches.
const requests = ['inbox', 'drafts', 'sentitems'].map((name, at) => ({
  id: String(at), request: new Request(`${options.url}v1.0/me/mailFolders/${name}?$select=displayName`, { method: 'GET' }),
}));
const content = await new BatchRequestContent(requests).getContent();
for (const one of content.requests) one.url = one.url.replace(/^.*\/v1\.0/, '');
const answers = new BatchResponseContent(await client.api('/$batch').post(content));
found.batch = await Promise.all(requests.map(async ({ id }) => (await answers.getResponseById(id).json()).displayName));
found.view = (await client.api('/me/calendarView').query({ startDateTime: '2026-11-01T00:00:00Z', endDateTime: '2027-01-01T00:00:00Z' })
  .header('Prefer', 'outlook.timezone="W. Europe Standard Time"').top(100).get()).value.map((event) => event.start.timeZone);
console.log(JSON.stringify(found));
