// oidc-provider.mjs - npm oidc-provider as the login server, behind the routes of Microsoft's.
//
//   node oidc-provider.mjs [--modules DIR] [--client-id ID] [--access-seconds N] [--interval N]
//
// Prints the URL that --login-url takes on its first line, and ends with standard input. DIR has the node_modules of
// package-lock.json (default: ./node_modules of the working directory). Every tenant is the same:
//
//   /{tenant}/oauth2/v2.0/authorize | token | devicecode, /{tenant}/v2.0/.well-known/openid-configuration
//
// Whoever opens the authorization page is signed in and consents at once. What a person does about a user code, and what
// an administrator does, is a request of the test:
//
//   POST /approve  user_code=...        POST /decline  user_code=...       204, 404 for a code that is unknown
//   POST /revoke                        every grant is revoked             204
//   GET  /requests                      [{path, grant_type, status, error}] of the token endpoint; no secrets
//
// Stricter than Microsoft: a refresh token is good once, and its second use revokes the whole grant. `prompt=select_account`
// is known, `interval` is told (RFC 8628 3.2), both as Microsoft does; the rest is oidc-provider's own doing.
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    modules: { type: 'string', default: process.cwd() },
    'client-id': { type: 'string', default: '2c7fd5a1-6b0e-4d53-9a8e-0c4f1e7b9d26' },
    'access-seconds': { type: 'string', default: '3599' },
    interval: { type: 'string', default: '5' },
  },
});
const modules = createRequire(path.join(path.resolve(options.modules), 'package.json'));
const { Provider, interactionPolicy } = await import(pathToFileURL(modules.resolve('oidc-provider')));

const ACCOUNT = 'robin.berger@contoso.com';
const SCOPES = ['openid', 'offline_access', 'email', 'profile', 'User.Read', 'Mail.Read', 'Mail.ReadWrite', 'Mail.Send',
  'Contacts.Read', 'Contacts.ReadWrite', 'Calendars.Read', 'Calendars.ReadWrite', 'MailboxSettings.Read',
  'MailboxSettings.ReadWrite', 'https://apihub.azure.com/.default'];

const policy = interactionPolicy.base();
policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }));

const configuration = {
  clients: [{
    client_id: options['client-id'],
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://localhost', 'http://localhost/'],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  }],
  scopes: SCOPES,
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
  pkce: { required: () => true, methods: ['S256'] },
  features: { devInteractions: { enabled: false }, deviceFlow: { enabled: true, charset: 'base-20', mask: '********' } },
  issueRefreshToken: async (ctx, client, code) => client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  rotateRefreshToken: true,
  ttl: {
    AccessToken: Number(options['access-seconds']),
    AuthorizationCode: 600,
    DeviceCode: 900,
    Grant: 90 * 86400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 90 * 86400,
    Session: 86400,
  },
  routes: {
    authorization: '/oauth2/v2.0/authorize',
    device_authorization: '/oauth2/v2.0/devicecode',
    token: '/oauth2/v2.0/token',
    code_verification: '/devicelogin',
    jwks: '/discovery/v2.0/keys',
  },
  interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, name: 'Robin Berger', preferred_username: id, email: id }) }),
  cookies: { keys: ['a test has no secrets'] },
};

const server = http.createServer();
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const origin = `http://127.0.0.1:${server.address().port}`;
process.removeAllListeners('warning'); // it warns of http, of development keys and of the memory adapter: all meant
const provider = new Provider(origin, configuration);
const requests = [];
const grants = new Set();

provider.on('grant.success', (ctx) => grants.add(ctx.oidc.entities.Grant.jti));
provider.use(async (ctx, next) => {
  await next();
  if (ctx.path.endsWith('/devicecode') && ctx.status === 200) {
    ctx.body = { ...ctx.body, interval: Number(options.interval), message: `Open ${ctx.body.verification_uri} and enter ${ctx.body.user_code}.` };
  }
  if (ctx.path.endsWith('/token')) {
    requests.push({ path: ctx.path, grant_type: ctx.oidc?.params?.grant_type ?? null, status: ctx.status, error: ctx.body?.error ?? null });
  }
});

const answer = provider.callback(); // with what was use()d so far

async function grantOf(clientId, scope) {
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId });
  grant.addOIDCScope(scope);
  return grant.save();
}

// The page's buttons: signed in, an account chosen, consent given.
async function interaction(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  await provider.interactionFinished(request, response, {
    login: { accountId: ACCOUNT },
    select_account: {},
    consent: { grantId: await grantOf(params.client_id, params.scope) },
  });
}

async function decide(approved, userCode) {
  const code = await provider.DeviceCode.findByUserCode((userCode ?? '').toUpperCase().replace(/[^A-Z]/g, ''));
  if (!code) return 404;
  if (approved) {
    Object.assign(code, {
      accountId: ACCOUNT,
      authTime: Math.floor(Date.now() / 1000),
      claims: {},
      grantId: await grantOf(code.clientId, code.params.scope),
      scope: code.params.scope,
    });
  } else {
    Object.assign(code, { error: 'access_denied', errorDescription: 'End-User aborted interaction' });
  }
  await code.save();
  return 204;
}

async function revoke() {
  await Promise.all([...grants].flatMap((id) => [provider.RefreshToken, provider.AccessToken].map((kind) => kind.revokeByGrantId(id))));
  return 204;
}

// Microsoft's path and query as oidc-provider knows them: no tenant; OpenID Connect (11) wants consent asked for where
// offline_access is.
function ours(target) {
  const url = new URL(target, origin);
  url.pathname = url.pathname.replace(/^\/[^/]+(\/oauth2\/v2\.0\/|\/discovery\/)/, '$1').replace(/^\/[^/]+\/v2\.0\/\.well-known\//, '/.well-known/');
  if (url.pathname.endsWith('/authorize') && /\boffline_access\b/.test(url.searchParams.get('scope') ?? '')) {
    url.searchParams.set('prompt', `${url.searchParams.get('prompt') ?? ''} consent`.trim());
  }
  return url.pathname + url.search;
}

async function form(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return new URLSearchParams(text);
}

const test = {
  '/approve': async (request) => decide(true, (await form(request)).get('user_code')),
  '/decline': async (request) => decide(false, (await form(request)).get('user_code')),
  '/revoke': revoke,
};

server.on('request', async (request, response) => {
  try {
    const { pathname } = new URL(request.url, origin);
    if (request.method === 'POST' && test[pathname]) {
      response.writeHead(await test[pathname](request)).end();
    } else if (pathname === '/requests') {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(requests));
    } else if (pathname.startsWith('/interaction/')) {
      await interaction(request, response);
    } else {
      request.url = ours(request.url);
      request.originalUrl = request.url;
      answer(request, response);
    }
  } catch (error) {
    response.writeHead(500, { 'Content-Type': 'text/plain' }).end(String(error));
  }
});

console.log(origin);
process.stdin.on('end', () => process.exit(0)).resume();
