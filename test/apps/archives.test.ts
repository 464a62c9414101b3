import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { linkOrCopy, secondName, withHoles } from '../support/abilities.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

const tree = `
  mkdir -p t/d/e t/empty
  seq 20000 > t/numbers; printf short > t/d/short; ${secondName} t/numbers t/d/hard; ln -s ../numbers t/d/soft; ln -s / t/root
  truncate -s 8M t/sparse; printf data | dd of=t/sparse bs=1 seek=4M conv=notrunc status=none
  printf name > 't/with space'; chmod 751 t/d/short; chmod 700 t/empty
  find t -depth -exec touch -h -d '2019-09-09 09:09:09' {} +
  list() { (cd $1; find . -printf '%p %y %m %TY-%Tm-%Td %TT %l\\n' | sort; find . -type f -printf '%n %s %p\\n' | sort); }`;

describe('archives', () => {
  sameAsKernel(mounted, {
    name: 'tar keeps links, sparse files, modes and times',
    needs: ['tar'],
    script: `${tree}
      tar --sparse --sort=name --format=pax --pax-option=delete=atime,delete=ctime --numeric-owner -cf t.tar t
      tar -tvf t.tar | awk '{print $1, $3, $6, $7, $8}'; ${withHoles('[ $(stat -c %s t.tar) -lt 2000000 ] && echo sparse')}
      mkdir x; tar -C x -xpf t.tar; list x/t; diff -r --no-dereference t x/t; tar -df t.tar; [ x/t/numbers -ef x/t/d/hard ] && echo linked
      ${withHoles('[ $(du -k x/t/sparse | cut -f 1) -lt 4000 ] && echo extracted')}
      rm -r x/t/d; tar -C x -xf t.tar t/d; cat x/t/d/short; tar -rf t.tar x/t/d/short; tar -tf t.tar | tail -1
      tar -czf t.tgz t; tar -xzOf t.tgz t/d/short; tar -cf - t | tar -tf - | sort | tail -1; rm t.tgz t.tar`,
  });
  sameAsKernel(mounted, {
    name: 'an archive is written in one directory and extracted by a pipe',
    needs: ['tar'],
    script: `${tree}
      mkdir x; tar -cf - -C t . | (cd x && tar -xf -); diff -r --no-dereference t x; list x`,
  });
  sameAsKernel(mounted, {
    name: 'gzip in place, keeping times, and zcat',
    needs: ['gzip'],
    script: `
      seq 50000 > f; touch -d 2018-08-08 f; chmod 640 f; cp -p f g
      gzip f; ls; stat -c '%a %y' f.gz; gzip -t f.gz; zcat f.gz | cmp - g; gzip -l f.gz | tail -1 | awk '{print $2}'
      gunzip f.gz; cmp f g; stat -c '%a %y' f; gzip -k g; gzip -kc g >> g.gz; zcat g.gz | wc -l; zgrep -c 777 g.gz; rm g.gz`,
  });
  sameAsKernel(mounted, {
    name: 'rsync copies a tree, and the second run transfers nothing',
    needs: ['rsync'],
    script: `${tree}
      sent() { grep -o 'Number of regular files transferred: [0-9,]*'; }
      rsync -aHS --stats t/ copy/ | sent; list copy; diff -r --no-dereference t copy
      rsync -aHS --stats t/ copy/ | sent; rsync -aHSi t/ copy/
      echo changed >> t/numbers; rm t/d/short; rsync -aHi --delete t/ copy/ | sort; diff -r --no-dereference t copy
      rsync -aHS --checksum --stats t/ copy/ | sent; rsync -aHS --inplace --no-whole-file t/ copy/; [ copy/numbers -ef copy/d/hard ] && echo linked`,
  });
  sameAsKernel(mounted, {
    name: 'rsync brings a tree in from outside and out again',
    needs: ['rsync'],
    script: `
      out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
      mkdir -p "$out/t/d"; seq 30000 > "$out/t/n"; ln -s n "$out/t/d/l"; touch -d 2017-07-07 "$out/t/n"
      rsync -a "$out/t/" in/; rsync -ai "$out/t/" in/; diff -r --no-dereference "$out/t" in
      rsync -a in/ "$out/back/"; rsync -ai in/ "$out/back/"; diff -r --no-dereference in "$out/back"`,
  });
  sameAsKernel(mounted, {
    name: 'cpio keeps links, modes and times, makes sparse files, and passes a tree on',
    needs: ['cpio'],
    options: { seconds: 120 }, // 512 bytes a call
    script: `${tree}
      files() { (cd $1; find . -type f -printf '%p %m %n %s %TY-%Tm-%Td\\n' | sort); } # it sets no times of links
      for format in newc ustar; do
        find t -depth | sort | cpio -o --quiet -H $format -O t.cpio; cpio -it --quiet < t.cpio | sort
        mkdir $format; (cd $format; cpio -idm --quiet --sparse < ../t.cpio); files $format/t; diff -r --no-dereference t $format/t
        [ $format/t/numbers -ef $format/t/d/hard ] && echo linked
        ${withHoles('[ $(du -k $format/t/sparse | cut -f 1) -lt 4000 ] && echo sparse')}
      done
      find t -depth | cpio -pdm --quiet --sparse passed; files passed/t; find t -depth | cpio ${linkOrCopy('-pdlm', '-pdm')} --quiet same; [ t/numbers -ef same/t/numbers ] && echo linked
      echo t/d/short | cpio -oA --quiet -H newc -O t.cpio 2>&1 | wc -l; cpio -i --quiet --to-stdout t/d/short < t.cpio; rm t.cpio`,
  });
  sameAsKernel(mounted, {
    name: 'zip packs, updates and deletes in place, and unzip restores it',
    needs: ['zip', 'unzip'],
    script: `${tree}
      zip -qry t.zip t; zip -T t.zip; unzip -Z1 t.zip | sort; mkdir x; unzip -q t.zip -d x; diff -r --no-dereference t x/t
      (cd x; find t -type f -printf '%p %m %s %TY-%Tm-%Td\\n' | sort)
      echo more >> t/d/short; zip -qfy t.zip t/d/short; unzip -p t.zip t/d/short; zip -qd t.zip t/numbers; unzip -Z1 t.zip | grep -c numbers || true
      zip -qm t.zip t/d/short; [ ! -e t/d/short ] && unzip -qo t.zip t/d/short && cat t/d/short; zip -q - t/numbers | cat > piped.zip; unzip -tq piped.zip
      zip -qry -s 64k parts.zip t; ls parts.*; rm parts.* t.zip piped.zip`,
  });
  sameAsKernel(mounted, {
    name: 'zip and tar by python',
    needs: ['python3'],
    script: `${tree}
      /usr/bin/env python3 - <<'END'
import tarfile, zipfile, os
with zipfile.ZipFile('t.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    for root, dirs, files in sorted(os.walk('t')):
        for f in sorted(files):
            if not os.path.islink(os.path.join(root, f)): z.write(os.path.join(root, f))
with zipfile.ZipFile('t.zip') as z:
    print(z.testzip(), sorted(z.namelist())); z.extractall('z')
with tarfile.open('t.tar.gz', 'w:gz') as t: t.add('t')
with tarfile.open('t.tar.gz') as t: t.extractall('y')
END
      diff -r --no-dereference t y/t; cmp t/numbers z/t/numbers; rm t.zip t.tar.gz`,
  });
});
