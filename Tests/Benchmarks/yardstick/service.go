package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

const (
	pageSize            = 50
	requestBytesMax     = 1 << 20
	displayNameMax      = 200
	invalidText         = "22P02"
	uniqueViolation     = "23505"
	foreignKeyViolation = "23503"
)

type service struct {
	pool     *pgxpool.Pool
	sessions *sessions
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/accounts", s.withSession(s.accounts))
	mux.HandleFunc("/accounts/", s.withSession(s.getAccount))
	return mux
}

type handler func(http.ResponseWriter, *http.Request, *session)

func (s *service) withSession(next handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, err := s.sessions.find(r.Context(), r.Header.Get("Authorization"))
		switch {
		case errors.Is(err, errNoSession):
			http.Error(w, err.Error(), http.StatusUnauthorized)
		case err != nil:
			fail(w, err)
		default:
			next(w, r, found)
		}
	}
}

func (s *service) accounts(w http.ResponseWriter, r *http.Request, session *session) {
	switch r.Method {
	case http.MethodGet:
		s.listAccounts(w, r, session)
	case http.MethodPost:
		s.createAccount(w, r, session)
	default:
		http.Error(w, "GET or POST", http.StatusMethodNotAllowed)
	}
}

// GET /accounts/ID
func (s *service) getAccount(w http.ResponseWriter, r *http.Request, session *session) {
	if r.Method != http.MethodGet {
		http.Error(w, "GET", http.StatusMethodNotAllowed)
		return
	}
	var found account
	id := strings.TrimPrefix(r.URL.Path, "/accounts/")
	if err := found.scan(s.pool.QueryRow(r.Context(), session.accounts.get, id)); err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, &found)
}

// GET /accounts?owner_id=ID: the newest of an owner.
func (s *service) listAccounts(w http.ResponseWriter, r *http.Request, session *session) {
	rows, err := s.pool.Query(r.Context(), session.accounts.list, r.URL.Query().Get("owner_id"))
	if err != nil {
		fail(w, err)
		return
	}
	defer rows.Close()
	page := struct {
		Accounts []account `json:"accounts"`
	}{make([]account, 0, pageSize)}
	for rows.Next() {
		page.Accounts = append(page.Accounts, account{})
		if err := page.Accounts[len(page.Accounts)-1].scan(rows); err != nil {
			fail(w, err)
			return
		}
	}
	if err := rows.Err(); err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, &page)
}

// POST /accounts: the owner is the caller unless another is named.
func (s *service) createAccount(w http.ResponseWriter, r *http.Request, session *session) {
	var wanted, created account
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, requestBytesMax)).Decode(&wanted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if length := utf8.RuneCountInString(wanted.DisplayName); length == 0 || length > displayNameMax {
		http.Error(w, "display_name has 1 to 200 characters", http.StatusBadRequest)
		return
	}
	if wanted.OwnerID == "" {
		wanted.OwnerID = session.userID
	}
	if err := created.scan(s.pool.QueryRow(r.Context(), session.accounts.create, wanted.values()...)); err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusCreated, &created)
}

func answer(w http.ResponseWriter, status int, body interface{}) {
	encoded, err := json.Marshal(body)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(encoded)))
	w.WriteHeader(status)
	// An error means that the client is gone.
	_, _ = w.Write(encoded)
}

func fail(w http.ResponseWriter, err error) {
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, context.Canceled):
		// The client is gone.
	case errors.Is(err, pgx.ErrNoRows):
		http.Error(w, "no such account", http.StatusNotFound)
	case errors.As(err, &refused) && refused.Code == uniqueViolation:
		http.Error(w, "another account has "+refused.ConstraintName, http.StatusConflict)
	case errors.As(err, &refused) && (refused.Code == invalidText || refused.Code == foreignKeyViolation):
		http.Error(w, "an id is not valid", http.StatusBadRequest)
	default:
		log.Print(err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}
