package auth

import (
	"slices"
	"sync"
	"time"
)

// LockOptions says how wrong passwords slow down whoever tries them. They are
// counted per user and address, and, with room for more, per address over all
// users and per user over all addresses; and only distinct ones: a script with an
// old password that tries it for ever is no attack and locks nobody out.
type LockOptions struct {
	// After is how many distinct wrong passwords are free; 0 means 5.
	After int
	// Wide is how many times After is free for an address over all users, and for
	// a user over all addresses; 0 means 10.
	Wide int
	// For is how long the user is then locked for the address; it doubles with
	// each further wrong password. 0 means 1 minute.
	For time.Duration
	// AtMost is the longest such time, and how long a user must have been quiet
	// and unlocked at an address to begin anew. 0 means 15 minutes.
	AtMost time.Duration
	// Places is how many pairs of user and address are counted at once; beyond
	// it the one longest without a wrong password is forgotten. 0 means 4096.
	Places int
}

func (o LockOptions) withDefaults() LockOptions {
	o.After = orDefault(o.After, 5)
	o.Wide = orDefault(o.Wide, 10)
	o.For = orDefault(o.For, time.Minute)
	o.AtMost = max(orDefault(o.AtMost, 15*time.Minute), o.For)
	o.Places = orDefault(o.Places, 4096)
	return o
}

// wide are the limits of what is counted over all users, or over all addresses.
func (o LockOptions) wide() LockOptions {
	o.After *= o.Wide
	return o
}

func orDefault[T int | time.Duration](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// guesses counts the wrong passwords.
type guesses struct {
	options LockOptions

	mu     sync.Mutex
	places *bounded[mark, guessed] // by the mark of user and address
	// trying counts the passwords being verified now, which may turn out wrong:
	// a burst must not get more tries than a sequence.
	trying map[mark]int
}

// guessed is what is known of one user at one address.
type guessed struct {
	owner  mark   // the user, for whom it can be forgotten
	wrong  []mark // the last distinct wrong passwords, at most options.After
	count  int    // how many there were in all
	last   time.Time
	locked time.Time // until when
}

func newGuesses(options LockOptions) *guesses {
	return &guesses{
		options: options,
		places:  newBounded[mark, guessed](options.Places),
		trying:  make(map[mark]int),
	}
}

// check says what needs no trying: that the credential was wrong a moment ago
// already, or, as the error, that the place is locked and for how long.
func (g *guesses) check(place, credential mark) (knownWrong bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.judge(g.at(place), credential)
}

func (g *guesses) judge(state guessed, credential mark) (knownWrong bool, err error) {
	if wait := time.Until(state.locked); wait > 0 {
		return false, &LockedError{For: wait}
	}
	return slices.Contains(state.wrong, credential), nil
}

// begin asks for a try, as check does; it also refuses when all tries that the
// place has left are under way. Unless it is known or refused, end is to be
// called with the result.
func (g *guesses) begin(place, credential mark) (knownWrong bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	state := g.at(place)
	if knownWrong, err := g.judge(state, credential); knownWrong || err != nil {
		return knownWrong, err
	}
	// After the free tries, one at a time.
	if left := max(g.options.After-state.count, 1); g.trying[place] >= left {
		return false, &LockedError{For: time.Second}
	}
	g.trying[place]++
	return false, nil
}

// outcome is how a try ended.
type outcome int

const (
	unverified outcome = iota // it was not tried after all
	wrong
	right
)

// end reports how a try ended, and for how long it has locked the place. A right
// password forgives the wrong ones of a pair of user and address, which forgives
// says that this is.
func (g *guesses) end(place, owner, credential mark, result outcome, forgives bool) (locked time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.trying[place]--; g.trying[place] <= 0 {
		delete(g.trying, place)
	}
	switch result {
	case unverified:
	case right:
		if forgives {
			g.places.remove(place)
		}
	case wrong:
		state := g.after(g.at(place), credential)
		state.owner = owner
		g.places.put(place, state)
		return max(time.Until(state.locked), 0)
	}
	return 0
}

// forget forgives all that was counted of a user.
func (g *guesses) forget(owner mark) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for place, state := range g.places.all() {
		if state.owner == owner {
			g.places.remove(place)
		}
	}
}

// after is the state of a place after one more wrong password.
func (g *guesses) after(state guessed, credential mark) guessed {
	now := time.Now()
	state.count++
	state.last = now
	state.wrong = append(slices.Clone(state.wrong), credential)
	if len(state.wrong) > g.options.After {
		state.wrong = state.wrong[1:]
	}
	if over := state.count - g.options.After; over >= 0 {
		state.locked = now.Add(g.delay(over))
	}
	return state
}

// delay is the time of the lock after so many doublings.
func (g *guesses) delay(doublings int) time.Duration {
	delay := g.options.For
	for range doublings {
		if delay >= g.options.AtMost {
			break
		}
		delay *= 2
	}
	return min(delay, g.options.AtMost)
}

// at is the state of a place; one that has been quiet for long is forgotten.
func (g *guesses) at(place mark) guessed {
	state, known := g.places.get(place)
	if known && time.Since(state.last) >= g.options.AtMost && time.Since(state.locked) >= g.options.AtMost {
		g.places.remove(place)
		return guessed{}
	}
	return state
}
