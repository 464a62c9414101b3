import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { program } from './shims.mjs';

/** dfskit-bench, alive: rounds on request. */
export class Driver {
  /** @param environment what it has beside ours */
  constructor(args, environment) {
    this.child = spawn(program('dfskit-bench'), [...args, '--rounds'], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();
    this.ready = this.lines.next();
  }

  async ask(line) {
    await this.ready;
    this.child.stdin.write(`${line}\n`);
    const { value } = await this.lines.next();
    const answer = JSON.parse(value ?? '{"error":"it ended"}');
    if (answer.error !== undefined) throw new Error(`${line}: ${answer.error}`);
    return answer;
  }

  async round({ name, ops }) {
    const answer = await this.ask(`round ${name} ${ops}`);
    return { ...answer, ns: answer.latency.median, rate: answer.ops / answer.seconds };
  }

  end() {
    const ended = new Promise((resolve) => this.child.on('close', resolve));
    this.child.stdin.end('quit\n');
    return ended;
  }
}
