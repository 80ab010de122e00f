package authority

import (
	"testing"
	"testing/synctest"
	"time"
)

// Memory is used while the last proof is young and was sent after whatever could not be proved, and at no other time.
func TestFeed_whatAProofProves(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		f := newFeed()
		time.Sleep(time.Minute)
		is := func(when string, trusted bool) {
			t.Helper()
			if f.look().isTrusted != trusted {
				t.Errorf("%s: trusted %v", when, !trusted)
			}
		}
		is("nothing heard for a minute", false)
		f.prove(f.now() - maxLag)
		is("a proof that took too long", false)
		sent := f.now()
		time.Sleep(maxLag / 2)
		f.prove(sent)
		is("a young proof", true)
		f.prove(sent - time.Millisecond)
		time.Sleep(maxLag/2 - time.Millisecond)
		is("an older one heard later takes nothing away", true)
		time.Sleep(time.Millisecond)
		is("a second after it was sent", false)

		f.prove(f.now())
		before, change := f.now()+time.Millisecond, f.now()+2*time.Millisecond
		time.Sleep(3 * time.Millisecond)
		f.distrust(change)
		is("a change that could not be proved to be heard", false)
		f.prove(before)
		is("a proof from before it", false)
		f.distrust(before)
		f.prove(change)
		is("one from after it", true)
	})
}
