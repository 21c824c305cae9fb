// The reference Space's console as a program uses it: the calls its page makes.
const HEADERS = {
  'content-type': 'application/json',
  'x-olares-console': '1',
  'sec-fetch-site': 'same-origin',
};

/** @param link the one-time address that `olares-space` prints */
export async function openConsole(link) {
  const url = new URL(link);
  const code = new URLSearchParams(url.hash.slice(1)).get('code');
  const login = await post(url.origin, '/console/api/login', { code });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  return {
    state: async () => (await fetch(`${url.origin}/console/api/state`, { headers: { cookie } })).json(),
    snapshots: async (accountId, backupId) =>
      (
        await fetch(
          `${url.origin}/console/api/accounts/${accountId}/backups/${backupId}/snapshots?offset=0`,
          { headers: { cookie } },
        )
      ).json(),
    proposeRestore: async (body) => (await post(url.origin, '/console/api/restores', body, cookie)).json(),
  };
}

async function post(origin, path, body, cookie = '') {
  const response = await fetch(origin + path, {
    method: 'POST',
    headers: { ...HEADERS, origin, cookie },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new Error(`the Space's console answered ${response.status}: ${await response.text()}`);
  return response;
}
