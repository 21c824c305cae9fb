import type { JSX } from 'preact';
import { Command } from '../components/command.tsx';
import { Empty } from '../components/basics.tsx';

/** The way from nothing to the first snapshot. A plan needs a password, so it is made at a terminal. */
export function GettingStarted({ isSignedIn }: { isSignedIn: boolean }): JSX.Element {
  return (
    <div class="card">
      <Empty icon="folder" title="Nothing is backed up yet">
        <p class="muted">
          A plan says which folders are backed up and when. Make one in a terminal on this machine: it asks
          there for the password that only you know.
        </p>
      </Empty>
      <ol class="steps">
        {isSignedIn ? null : (
          <li>
            <span>Sign in to your Space with the pairing code it shows you</span>
            <Command text="olares-backup login --space URL --code CODE" />
          </li>
        )}
        <li>
          <span>Add a plan, for example for your documents, every day at two</span>
          <Command text='olares-backup plan add Documents --path "$HOME/Documents" --schedule daily --at 02:00' />
        </li>
        <li>
          <span>Take the first snapshot now; it shows up here</span>
          <Command text="olares-backup backup Documents" />
        </li>
      </ol>
    </div>
  );
}
