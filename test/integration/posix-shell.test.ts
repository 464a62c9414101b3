import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { closed, movedByOthers, secondName } from '../support/abilities.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

/** Another process renames the working directory. What libdfs has open can't say its new name. */
const ofMovedDirectory = movedByOthers
  ? "cd dir; mv ../dir ../renamed; /bin/pwd | grep -o '/renamed$'; echo here > x; cat ../renamed/x; cd .."
  : 'mv dir renamed';

describe('a shell', () => {
  sameAsKernel(mounted, {
    name: 'its commands share the offset of one descriptor',
    script: 'echo c > c; { echo a; /bin/echo b; cat c; } > f; cat f',
  });
  sameAsKernel(mounted, {
    name: 'appends of 8 processes at once lose no line',
    script: `
      for w in 1 2 3 4 5 6 7 8; do
        (for i in $(seq 200); do echo "writer $w line $i" >> f; done) &
      done
      wait
      wc -l < f
      sort -V f | sha256sum
      rm f`,
  });
  sameAsKernel(mounted, {
    name: 'external commands of 8 processes append to one file at once',
    script: `
      for w in 1 2 3 4 5 6 7 8; do
        (for i in $(seq 10); do /bin/echo "writer $w line $i" >> f; done) &
      done
      wait
      sort -V f; rm f`,
  });
  sameAsKernel(mounted, {
    name: 'a static program writes to an inherited descriptor at the shared offset',
    needs: ['busybox'],
    script: '{ echo a; busybox echo b; echo c; busybox printf d; /bin/echo e; } > f; cat f',
  });
  sameAsKernel(mounted, {
    name: 'a static program reads an inherited descriptor from the shared offset',
    needs: ['busybox'],
    script: `
      seq 5 > f
      { read x; echo "shell $x"; busybox cat; } < f
      { busybox dd bs=2 count=2 2> /dev/null; read x; echo "shell $x"; head -c 2; busybox cat; } < f`,
  });
  sameAsKernel(mounted, {
    name: 'a static program appends to an inherited descriptor',
    needs: ['busybox'],
    script: `
      echo start > f
      exec 7>> f
      echo one >&7; busybox echo two >&7; echo elsewhere >> f; echo three >&7; busybox echo four >&7
      exec 7>&-
      cat f`,
  });
  sameAsKernel(mounted, {
    name: 'a static program opens files of its own',
    needs: ['busybox'],
    script: `
      mkdir d; echo one > d/a
      busybox cp d/a d/b; busybox sh -c 'echo more >> d/b; mkdir d/e; mv d/a d/e/a'
      cat d/b d/e/a; ls -R; busybox find . | sort`,
  });
  sameAsKernel(mounted, {
    name: 'descriptors are moved, duplicated and closed by exec',
    script: `
      exec 5> out; echo five >&5
      exec 6>&5; echo six >&6
      exec 5>&-; echo again >&6
      exec 7>&6-; /bin/echo seven >&7
      (echo subshell >&7)
      exec 8<> both; echo 'read write' >&8; cat both
      exec 3< out; read -u 3 line; echo "first: $line"; read -u 3 line; echo "second: $line"; cat <&3
      exec 4<&3; cat <&4
      exec 1> redirected 2>&1; echo to the file; ls none || true
      exec 1>&7; echo end`,
  });
  sameAsKernel(mounted, {
    name: 'here-documents, pipes and subshells',
    script: `
      cat > f <<END
      here $((1 + 1))
END
      cat f <(cat f) | tee copy | wc -l
      (cd /; pwd); mkdir d; (cd d; echo x > inside; pwd | grep -o '/d$')
      x=$(< f); echo "$x"; y=$(cat f | tr a-z A-Z); echo "$y"
      cat <<< 'here-string' >> f
      while read -r word rest; do echo "$rest/$word"; done < f
      seq 100000 | sort -rn > numbers; head -2 numbers; tail -1 numbers
      sort numbers -o numbers; head -3 numbers
      yes 2> /dev/null | head -5 > yes; cat yes`,
  });
  sameAsKernel(mounted, {
    name: '/dev/stdin, /dev/stdout and /dev/fd name the open file',
    script: `
      seq 3 > f
      cat /dev/stdin < f
      cp /dev/stdin copy < f; cat copy
      echo through > g; { echo first; echo second > /dev/stdout; } > h; cat h
      { echo a; echo b >> /dev/stderr; } 2> err; cat err
      exec 6< f; read -u 6 x; cat /dev/fd/6; . /dev/stdin < /dev/null
      echo 'echo sourced' > s; . ./s; bash /dev/stdin < s`,
  });
  sameAsKernel(mounted, {
    name: 'noclobber, globs, tests and loops over files',
    script: `
      set -o noclobber; echo 1 > f; (echo 2 > f) 2> /dev/null || echo kept; echo 3 >| f; cat f
      touch 'a b' c.txt d.txt .hidden; ln -s c.txt l; ln -s none dangling; mkdir dir; chmod ${closed} d.txt; : > empty
      echo *; echo *.txt; echo .h*; echo dir/; shopt -s globstar dotglob; echo **
      for t in e f d h s r w x; do for n in f dir l dangling empty none; do [ "$t $n" = 's dir' ] || ! [ -$t $n ] || echo "$t $n"; done; done
      [ f -ef ./f ] && echo same; ${secondName} f hard; [ f -ef hard ] && echo link; touch -d 2001-01-01 old; [ f -nt old ] && echo newer
      for i in 1 2 3; do echo $i; done > loop; cat loop
      cd dir; echo up > ../up; cd ..; cat up; ${ofMovedDirectory}; chmod 600 d.txt`,
  });
  sameAsKernel(mounted, {
    name: 'background jobs, traps and signals',
    script: `
      (sleep 0.1; echo late > late) & wait $!; cat late
      trap 'echo trapped >> log' USR1; kill -USR1 $$; cat log
      (trap 'echo bye >> log' EXIT; echo working >> log); cat log
      sleep 100 > held & until [ -e held ]; do sleep 0.01; done; kill $!; wait $! || echo "status $?"; ls held
      (exec > f; echo before; exec cat late); cat f
      timeout 5 bash -c 'echo inner > inner; exec cat inner'
      env -i /bin/bash -c 'echo bare > bare; /bin/cat bare'
      nohup bash -c 'echo detached > detached' > /dev/null 2>&1; cat detached
      setsid -w bash -c 'echo session >> detached'; cat detached`,
  });
});
