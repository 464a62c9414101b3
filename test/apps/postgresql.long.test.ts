import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { built, buildDirectory } from '../support/build.js';
import { temporaryDirectory } from '../support/cli.js';
import { run } from '../support/run.js';
import { packageRoot } from '../../src/paths.js';
import { ways } from '../support/mounted.js';
import { leaveMounts } from '../support/namespace.js';
import { canBeAnotherUser } from '../support/others.js';

const versions = '/usr/lib/postgresql';
const version = existsSync(versions) ? readdirSync(versions).sort().at(-1) : undefined;

/**
 * A database refuses to run as root, and a shim serves the user of the dfuse alone. So the mount is the database's
 * user's, in a mount namespace of its own where everybody may open /dev/fuse.
 */
const prepare = `
cd "$BASE"; mkdir mnt store sock; chown -R "$DBUSER" .; mknod fuse c 10 229; chmod 666 fuse; mount --bind fuse /dev/fuse
exec setpriv --reuid="$DBUSER" --regid="$DBUSER" --clear-groups bash -uc "$0"`;

const session = `
"$DFSKIT" cont create pool/cont > /dev/null && "$DFUSE" pool/cont "$BASE/mnt" || exit
trap 'cd /; fusermount3 -u "$BASE/mnt" || fusermount3 -uz "$BASE/mnt"' EXIT
[ -z "$SHIM" ] || export LD_PRELOAD=$SHIM
export PGHOST=$BASE/sock PGDATABASE=postgres
cd "$BASE/mnt"
start() { postgres -D data >> "$BASE/server.log" 2>&1 & server=$!; for i in $(seq 600); do pg_isready -q && return; sleep 0.1; done; echo no server; cat "$BASE/server.log"; }
initdb -k -D data -A trust > "$BASE/initdb.log" 2>&1; echo initdb $?
printf "listen_addresses=''\\nunix_socket_directories='$PGHOST'\\n" >> data/postgresql.conf
start
pgbench -i -s 1 -q > "$BASE/bench.log" 2>&1; pgbench -c 4 -j 2 -t 100 2> "$BASE/bench.log" | grep -E 'actually|failed'
psql -Atc 'select count(*), (select sum(bbalance) from pgbench_branches) = sum(delta) from pgbench_history'
pgbench -n -c 4 -T 60 > "$BASE/bench.log" 2>&1 & bench=$!
for i in $(seq 300); do [ "$(psql -Atc 'select count(*) > 500 from pgbench_history')" = t ] && break; sleep 0.1; done
seen=$(psql -Atc 'select count(*) from pgbench_history')
kill -9 $server $(ps -o pid= --ppid $server); wait $server $bench
start
psql -Atc "select count(*) >= $seen, (select sum(bbalance) from pgbench_branches) = sum(delta), (select sum(abalance) from pgbench_accounts) = sum(delta) from pgbench_history"
psql -qAtc "create table big as select g, md5(g::text) from generate_series(1, 50000) g; create index on big(md5); select count(*), min(md5) from big"
psql -qAtc 'vacuum full big'; psql -qAtc 'create database other template template0'; psql -qAtc 'create tablespace there location '"'$BASE/mnt/there'" 2> /dev/null || mkdir there && psql -qAtc "create tablespace there location '$BASE/mnt/there'"
psql -qAtc 'alter table big set tablespace there'; psql -Atc "copy (select * from big order by g) to '$BASE/mnt/copy'"; md5sum < copy
pg_dump -t big | psql -qAt -v ON_ERROR_STOP=1 other > /dev/null; psql -Atc 'select count(*), max(md5) from big' other
kill -INT $server; wait $server; echo stopped $?
unset LD_PRELOAD; pg_checksums --check -D data | grep Bad`;

const expected = `initdb 0
number of transactions actually processed: 400/400
number of failed transactions: 0 (0.000%)
400|t
t|t|t
50000|00003e3b9e5336685200ae85d21b4f5e
COPY 50000
b8ea2fac266b85aebf47ec946e177e2b  -
50000|fffffe98d0963d27015c198262d97221
stopped 0
Bad checksums:  0
`;

describe('PostgreSQL', () => {
  it.skipIf(version === undefined || !canBeAnotherUser()).for(ways)(
    'with its data in the mount: initdb, load, SIGKILL of all processes, recovery, checksums (%s)',
    async (way) => {
      const base = temporaryDirectory();
      chmodSync(base.path, 0o755);
      try {
        const library = { dfuse: '', ioil: 'libioil.so', pil4dfs: 'libpil4dfs.so', symbols: 'libpil4dfs.so' }[
          way
        ];
        const env = {
          PATH: `${join(versions, version ?? '', 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`,
          LC_ALL: 'C',
          HOME: base.path,
          BASE: base.path,
          DBUSER: 'postgres',
          DFSKIT: join(packageRoot, 'bin/dfskit'),
          DFUSE: built('bin', 'dfuse'),
          DFSKIT_STORE: join(base.path, 'store'),
          SHIM: library && join(buildDirectory, 'lib', library),
          ...(way === 'symbols' ? { DFSKIT_ATTACH: 'symbols' } : {}),
        };
        const { stdout, stderr } = await run(
          'unshare',
          ['-m', 'bash', '-euc', `${leaveMounts()}\n${prepare}`, session],
          {
            cwd: base.path,
            env,
            seconds: 300,
          },
        );
        expect(stdout, stderr).toBe(expected);
      } finally {
        base.remove();
      }
    },
  );
});
