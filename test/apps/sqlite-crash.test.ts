import { describe, expect, it } from 'vitest';
import { program } from '../support/build.js';
import { useMountedContainer, ways } from '../support/mounted.js';

const mounted = useMountedContainer();

/** Four writers at once until SIGKILL; a line of a writer's log says what it has committed. */
const script = (journal: string): string => `
cat > write.py <<'END'
import os, sqlite3, sys
db = sqlite3.connect('db', timeout=60, isolation_level=None)
for n in range(1, 1000000):
    db.execute('begin immediate')
    db.execute('insert into a values(?, ?)', (sys.argv[1], n))
    db.execute('insert into b values(?, ?)', (sys.argv[1], n))
    db.execute('commit')
    os.write(1, b'%d\\n' % n)
END
sqlite3 db 'pragma journal_mode=${journal}; create table a(w, n); create table b(w, n)'
exec 2> killed # bash says so of every job
for round in 1 2 3; do
  writers=; rm -f ?.log
  for w in 1 2 3 4; do python3 write.py $w > $w.log & writers="$writers $!"; done
  for tries in $(seq 100); do [ -s 1.log -o -s 2.log -o -s 3.log -o -s 4.log ] && break; sleep 0.1; done
  sleep 0.2; kill -9 $writers; wait || true
  sqlite3 -cmd '.timeout 10000' db 'pragma integrity_check; select count(*) from (select * from a except select * from b); select (select count(*) from a) = (select count(*) from b), count(*) > 0 from a'
  for w in 1 2 3 4; do seen=$(tail -1 $w.log); sqlite3 db "select coalesce(max(n), 0) >= \${seen:-0} from a where w = '$w'"; done
  sqlite3 db 'delete from a; delete from b'
done`;

describe('sqlite3 after SIGKILL', () => {
  for (const journal of ['delete', 'wal']) {
    it.for(ways)(
      `journal mode ${journal}: four writers are killed in the middle, the data is whole (%s)`,
      async (way, { skip }) => {
        skip(!program('sqlite3') || !program('python3'), 'needs sqlite3 and python3');
        const directory = mounted.directory(way, 'crash');
        const { stdout, status } = await mounted.script(way, script(journal), { directory, seconds: 120 });
        const round = 'ok\n0\n1|1\n1\n1\n1\n1\n';
        expect({ stdout, status }).toEqual({ stdout: `${journal}\n${round.repeat(3)}`, status: 0 });
        for (const reader of ways) {
          const read = await mounted.script(reader, 'sqlite3 db "pragma integrity_check"', { directory });
          expect(read, reader).toMatchObject({ stdout: 'ok\n', stderr: '', status: 0 });
        }
      },
    );
  }
});
