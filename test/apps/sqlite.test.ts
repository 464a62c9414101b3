import { describe, expect, it } from 'vitest';
import { program } from '../support/build.js';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer, ways } from '../support/mounted.js';

const mounted = useMountedContainer();

describe('sqlite3', () => {
  for (const journal of ['delete', 'truncate', 'persist', 'wal']) {
    sameAsKernel(mounted, {
      name: `journal mode ${journal}: insert, update, rollback, vacuum and check`,
      needs: ['sqlite3'],
      repeatable: false,
      script: `sqlite3 db <<'END'
pragma journal_mode=${journal};
create table t(id integer primary key, text); create index i on t(text);
begin; with recursive n(x) as (select 1 union all select x + 1 from n where x < 3000) insert into t select x, printf('row %05d', x * 7 % 3001) from n; commit;
begin; delete from t where id % 2; rollback; update t set text = text || '!' where id % 10 = 0;
select count(*), sum(length(text)), max(text) from t; pragma integrity_check; delete from t where id > 1000; vacuum; pragma wal_checkpoint(truncate);
select count(*) from t; pragma integrity_check; pragma journal_mode;
END
        sqlite3 db 'select * from t where text > "row 029" order by text limit 3; pragma quick_check'; ls; sqlite3 db .dump | sha256sum; sqlite3 db '.backup copy'; sqlite3 copy 'select count(*) from t'`,
    });
    it.for(ways)(
      `journal mode ${journal}: two processes insert at once, all rows are there (%s)`,
      async (way, { skip }) => {
        skip(program('sqlite3') === undefined, 'needs sqlite3');
        const directory = mounted.directory(way, 'sqlite');
        const { stdout, stderr, status } = await mounted.script(
          way,
          `sqlite3 db 'pragma journal_mode=${journal}; create table t(w, n)' > /dev/null
         insert() { for n in $(seq 25); do echo "insert into t values($1, $n);"; done | sqlite3 -cmd '.timeout 20000' db; }
         insert 1 & one=$!; insert 2 & two=$!; wait $one; wait $two
         sqlite3 db 'select w, count(*), sum(n) from t group by w; pragma integrity_check'`,
          { directory, seconds: 120 },
        );
        expect({ stdout, stderr, status }).toEqual({
          stdout: '1|25|325\n2|25|325\nok\n',
          stderr: '',
          status: 0,
        });
        for (const reader of ways) {
          const read = await mounted.script(
            reader,
            'sqlite3 db "select count(*) from t; pragma integrity_check"',
            { directory },
          );
          expect(read, reader).toMatchObject({ stdout: '50\nok\n', stderr: '', status: 0 });
        }
      },
    );
  }
});
