// Prints the one line that sums up a run, `N passed, N failed`, and ends with its verdict.
import { existsSync, readFileSync } from 'node:fs';

const [file, passedGates, failedGates] = process.argv.slice(2);
const tests = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
const passed = tests.numPassedTests + Number(passedGates);
const failed = tests.numFailedTests + Number(failedGates);
const skipped = tests.numPendingTests > 0 ? `, ${tests.numPendingTests} skipped` : '';
console.log(`${passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed === 0 && tests.numPassedTests > 0 ? 0 : 1;
