import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { linkOrCopy, secondName, specialMode, withAccessTimes, withHoles } from '../support/abilities.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

/** Files of several kinds and sizes, with fixed times. */
const tree = `
  mkdir -p t/one/two t/empty
  seq 10000 > t/numbers; : > t/nothing; printf 'no newline' > t/one/short
  head -c 300000 /dev/zero | tr '\\0' z > t/one/two/large
  truncate -s 5M t/sparse; printf x | dd of=t/sparse bs=1 seek=3M conv=notrunc status=none
  ln -s ../numbers t/one/link; ln -s nowhere t/dangling; ${secondName} t/numbers t/one/hard
  chmod 600 t/one/short; chmod 755 t/one/two/large; chmod ${specialMode('1777', '777')} t/empty
  find t -depth -exec touch -h -d '2020-02-02 02:02:02.123456789' {} +`;

describe('coreutils', () => {
  sameAsKernel(mounted, {
    name: 'cp -a keeps kinds, modes, links and times',
    script: `${tree}
      cp -a t copy
      diff -r --no-dereference t copy
      (cd copy; find . -printf '%p %y %m %TY-%Tm-%Td %TT %l\\n' | sort)
      [ copy/numbers -ef copy/one/hard ] && echo linked
      cp -r t/one again; cp --reflink=auto t/numbers n; cp -u t/numbers n; cp --sparse=always t/sparse s; cmp t/sparse s
      ${linkOrCopy('cp -l', 'cp -p')} n n2; cp -s "$PWD/n" n3; [ n -ef n2 ] && cmp n n3; rm n3
      cp -T t/numbers n; cp --backup=numbered t/numbers n; ls n*; cp -n t/nothing n; wc -c n; cp --remove-destination t/nothing n2; wc -c n n2`,
  });
  sameAsKernel(mounted, {
    name: 'mv within a directory, between directories, and in and out of the mount',
    script: `${tree}
      mv t/numbers t/renamed; mv t/one t/empty/one; ls -A t t/empty
      out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
      mv t "$out/t"; ls; (cd "$out/t"; find . -printf '%p %y %m %s %TY %l\\n' | grep -v '^. \\|^[^ ]* d' | sort)
      mv "$out/t" back; ls -A back
      mv -n back/renamed back/nothing; mv -b back/renamed back/nothing; ls -A back; mv --exchange a b 2> /dev/null || echo no such`,
  });
  sameAsKernel(mounted, {
    name: 'ln, touch, chmod, install and truncate',
    script: `
      echo text > f
      ${secondName} f hard; ln -s f soft; ln -sfn t soft; ln -sr f relative; readlink soft relative; ${secondName} f hard 2>&1 || echo exists
      touch -d @1000000000.5 f; stat -c '%Y %y' f; touch -r f g; stat -c %y g; touch -a -d @5 f; touch -m -d @6 f; stat -c '${withAccessTimes('%X')} %Y' f
      touch -h -d @7 soft; stat -c %Y soft; touch -c none; ls
      chmod 640 f; chmod u+x,g-r f; chmod -R a=rX .; stat -c '%a %n' . *; chmod -R u+w .; chmod --reference=f g; stat -c '%a %n' f g
      install -d -m 750 d/e; install -m 601 f d/e/f; install -D f x/y/z; stat -c '%a %n' d/e d/e/f x/y/z
      truncate -s 100 f; truncate -s +5 f; truncate -s '<50' f; wc -c f; truncate -r f new; wc -c new; od -c f | tail -2
      mkdir -p a/b/c; rmdir -p a/b/c; rmdir d 2>&1 || true; unlink g; mkdir -m 700 m; stat -c %a m
      mkfifo 2> /dev/null || true; rm -rf d x; ls -A; sync f; sync -f .; sync -d f`,
  });
  sameAsKernel(mounted, {
    name: 'dd, split, head, tail, wc, cut, tee and od',
    script: `
      seq 100000 > f
      dd if=f of=g bs=1000 skip=3 seek=2 count=7 status=none; sha256sum < g
      dd if=f of=g bs=64k conv=notrunc,fsync oflag=append status=none; wc -c g
      dd if=f bs=4k iflag=fullblock status=none | dd of=h obs=1M status=none; cmp f h
      split -n 7 f part-; cat part-* | cmp - f; split -l 30000 -d f lines-; wc -l lines-*; split -b 100K --filter='wc -c' f
      head -n -99995 f; tail -n 3 f; tail -c 20 f; head -c 15 f; tail -n +99998 f; tac f | head -2; nl f | sed -n 5p
      cut -c 1-3 f | sort -u | wc -l; tee one two < part-aa | md5sum; cmp one two; od -An -tx1 -N 16 f; fold -w 10 f | wc -l
      paste part-aa part-ab | md5sum; comm -12 <(sort part-aa) <(sort part-ab) | wc -l; join <(sort part-aa) <(sort f) | wc -l
      cksum f; b2sum f; base64 f | base64 -d | cmp - f; shuf f | sort -n | cmp - f; csplit -s -f c- f 500 '/^9999$/'; wc -l c-*`,
  });
  sameAsKernel(mounted, {
    name: 'tail -f follows what is appended',
    script: `
      echo one > log
      timeout 10 tail -n +1 -f log > seen & tail=$!
      for i in $(seq 50); do grep -qs one seen && break; sleep 0.1; done
      echo two >> log; /bin/echo three >> log
      for i in $(seq 50); do grep -q three seen && break; sleep 0.1; done
      kill $tail; wait $tail || true; cat seen`,
  });
  sameAsKernel(mounted, {
    name: 'sort with temporary files, uniq and in place',
    script: `
      mkdir tmp
      seq 200000 | awk '{print ($1 * 7919) % 200003, $1}' > f
      sort -n -S 300k -T tmp --parallel=2 f > sorted; sort -c -n sorted; sha256sum sorted; ls tmp
      sort -rnk2 -S 300k -T tmp -o f f; head -2 f; sort -m sorted sorted | uniq -c | awk '$1 != 2' | wc -l`,
  });
  sameAsKernel(mounted, {
    name: 'stat, du, wc, ls and find see the same files',
    script: `${tree}
      stat -c '%n %F %a %s %h' t/numbers t/one/link t/nothing t/sparse; stat -L -c '%n %s' t/one/link
      stat -c %F t t/one; stat -f -c '%l' t; stat t/none 2>&1 || true
      du --apparent-size -b t/numbers t/sparse; ${withHoles('[ $(du -k t/sparse | cut -f 1) -lt 2000 ] && echo sparse')}; du -a --apparent-size -k t | grep -c .
      wc t/numbers t/one/short; wc -l < t/numbers
      ls -1 t; ls -1F t t/one; ls -l t/one | awk '/^[-l]/ {print $1, $2, $5, $9, $10, $11} /^d/ {print $1, $9}'; ls -1S t | grep -v '^one$\\|^empty$'; ls -1tr t | wc -l; ls -a t/empty; ls -1R t; ls -d t/*
      df -P t | tail -1 | wc -l; df --output=target t > /dev/null; realpath --relative-to=. t/one/link; readlink -e t/dangling || echo none; readlink -f t/one/link | grep -o 't/numbers$'
      test -s t/nothing || echo empty; pwd -P | grep -c .`,
  });
  sameAsKernel(mounted, {
    name: 'find by kind, size, time, with -exec, -delete and -execdir',
    script: `${tree}
      find t | sort; find t -type l | sort; find t -xtype l; find t -size +100k | sort; find t -empty | sort; find t -links 2 | sort
      find t -perm 600; find t -newermt 2020-01-01 ! -newermt 2021-01-01 | wc -l; find t -samefile t/numbers | sort; find -L t -type f | sort
      find t -name '*r*' -exec basename {} ';' | sort; find t -type f -execdir pwd ';' | xargs -n 1 basename | sort
      find t -maxdepth 1 -mindepth 1 -printf '%f %y %s\\n' | grep -v ' d ' | sort; find t -depth | head -100 | sort | tail -1
      find t -inum $(stat -c %i t/numbers) | sort; find t -regex '.*/one.*' -prune -o -print | sort
      find t -type f -size -20k -delete; find t | sort; find t -delete; ls`,
  });
  sameAsKernel(mounted, {
    name: 'grep -r, sed -i, awk and diff',
    script: `${tree}
      printf 'needle one\\nhay\\n' > t/one/a; printf 'hay\\nneedle two\\n' > t/b
      grep -rn needle t | sort; grep -rl needle t | sort; grep -rc needle t | sort; grep -rL needle t | sort; grep -rh 99 t/numbers | wc -l; grep -c z t/one/two/large
      grep -r --include='a' needle t; grep -rZl needle t | xargs -0 wc -l | sort
      sed -i 's/needle/pin/' t/one/a t/b; cat t/one/a t/b; sed -i.orig 2d t/b; cat t/b t/b.orig; sed -n '$p' t/numbers
      awk '{n[$1 % 3]++} END {for (i in n) print i, n[i] > "counted"}' t/numbers; sort counted
      cp -r t u; echo more >> u/b; diff -ru t u | tail -n +4 || true; diff -q t/b u/b || true
      diff -u t/b u/b > d.patch || true; patch -s t/b < d.patch 2>&1 && cat t/b || echo no patch; rm -f d.patch`,
  });
  sameAsKernel(mounted, {
    name: 'rm -rf of a tree with 2000 files',
    script: `
      for i in $(seq 40); do mkdir -p d/$i/e; (cd d/$i/e; touch $(seq 50)); done
      find d -type f | wc -l; ls d | wc -l; rm -rf d/7; ls d | wc -l; rm -r d; ls -A`,
  });
});
