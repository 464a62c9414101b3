import { describe } from 'vitest';
import { sameAsKernel } from '../support/compare.js';
import { useMountedContainer } from '../support/mounted.js';

const mounted = useMountedContainer();

/** Names and times are fixed, so that the commits have the same identifiers everywhere. */
const env = {
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_AUTHOR_DATE: '1600000000 +0000',
  GIT_COMMITTER_NAME: 'C',
  GIT_COMMITTER_EMAIL: 'c@example.org',
  GIT_COMMITTER_DATE: '1600000000 +0000',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'init.defaultBranch',
  GIT_CONFIG_VALUE_0: 'main',
  GIT_CONFIG_KEY_1: 'protocol.file.allow',
  GIT_CONFIG_VALUE_1: 'always',
};

const files = `
  mkdir -p a/b; for i in $(seq 60); do echo "file $i" > a/b/$i; done; seq 5000 > large; ln -s large link; echo '#!/bin/sh' > run; chmod +x run`;

describe('git', () => {
  sameAsKernel(mounted, {
    name: 'init, add, commit, status, diff, log and fsck',
    needs: ['git'],
    repeatable: false,
    options: { env },
    script: `git init -q r; cd r; ${files}
      git add .; git commit -qm one; git rev-parse HEAD; git status --porcelain; git ls-files -s | sha256sum
      echo change >> a/b/7; git diff --stat; git mv a/b/8 moved; git rm -q a/b/9; chmod -x run; git status --porcelain; git commit -qam two; git rev-parse HEAD
      git log --oneline --stat | cat; git show HEAD:a/b/7; git fsck --full --strict 2>&1; git count-objects | cut -d, -f1; git grep -c 'file 1' | sort | tail -3; git blame -s a/b/7 | cut -c 10-`,
  });
  sameAsKernel(mounted, {
    name: 'branch, merge, stash, checkout, worktree and gc',
    needs: ['git'],
    repeatable: false,
    options: { env, seconds: 120 },
    script: `git init -q r; cd r; ${files}
      git add .; git commit -qm one; git checkout -qb side; echo side > side; git add side; git commit -qm side; git checkout -q main; echo main > a/b/1; git commit -qam main
      git merge -q --no-edit side; git rev-parse HEAD; cat side a/b/1; echo wip > a/b/2; git stash -q; cat a/b/2; git stash pop -q; cat a/b/2; git checkout -q -- a/b/2
      git worktree add -q ../w side; cat ../w/side; git tag -a -m t v1; git gc -q --aggressive --prune=now; git fsck --full 2>&1; find .git/objects -name '*.pack' | wc -l; git cat-file -t v1
      git rebase -q HEAD~1 2>&1; git reflog | wc -l; git reset -q --hard HEAD~1; git clean -fdq; git status --porcelain; git archive HEAD | tar -tf - | wc -l; git bundle create -q b.bundle --all; git bundle verify -q b.bundle 2>&1`,
  });
  sameAsKernel(mounted, {
    name: 'clone, push, fetch and pull between repositories',
    needs: ['git'],
    repeatable: false,
    options: { env, seconds: 120 },
    script: `git init -q --bare hub.git; git clone -q hub.git one 2>&1; cd one; ${files}
      git add .; git commit -qm one; git push -q origin main; cd ..; git clone -q hub.git two; (cd two; git rev-parse HEAD; git status --porcelain; echo two > two; git add .; git commit -qm two; git push -q)
      cd one; git pull -q --ff-only; cat two; git fsck --full 2>&1; cd ..; git clone -q --no-local --depth 1 "file://$PWD/hub.git" three; git -C three log --oneline; git -C hub.git fsck --full 2>&1; git clone -q --shared one four; git -C four fsck 2>&1; diff -r one/a four/a`,
  });
});
