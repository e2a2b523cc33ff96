package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

// How long a session that was looked up is believed.
const sessionAge = time.Minute

var errNoSession = errors.New("no such session")

// A session is what a bearer token stands for: a user, and the statements on the tables of the tenant.
type session struct {
	userID   string
	accounts *statements
	validTo  time.Time
}

// sessions keeps those that were looked up. The table has the hash of a token, not the token.
type sessions struct {
	pool  *pgxpool.Pool
	mutex sync.RWMutex
	known map[string]*session
}

func newSessions(pool *pgxpool.Pool) *sessions {
	return &sessions{pool: pool, known: make(map[string]*session)}
}

// find gives the session of an Authorization header.
func (s *sessions) find(ctx context.Context, authorization string) (*session, error) {
	token := strings.TrimPrefix(authorization, "Bearer ")
	if token == authorization {
		return nil, errNoSession
	}
	s.mutex.RLock()
	found := s.known[token]
	s.mutex.RUnlock()
	if found != nil && time.Now().Before(found.validTo) {
		return found, nil
	}
	return s.lookUp(ctx, token)
}

func (s *sessions) lookUp(ctx context.Context, token string) (*session, error) {
	hash := sha256.Sum256([]byte(token))
	var schema string
	found := &session{validTo: time.Now().Add(sessionAge)}
	err := s.pool.QueryRow(ctx, `SELECT user_id::text, schema FROM yardstick.sessions WHERE token_sha256 = $1`, hash[:]).
		Scan(&found.userID, &schema)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err != nil {
		delete(s.known, token)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, errNoSession
		}
		return nil, err
	}
	found.accounts = accountStatements(schema)
	s.known[token] = found
	return found, nil
}
