// The yardstick: accounts as a small hand-written service keeps them. net/http, pgx, JSON, TLS 1.3, a schema for each
// tenant; no rights, no ledger, no idempotency.
//
//	yardstick DSN CERTIFICATE.pem KEY.pem
//
// Prints its port, serves on the loopback interface, and drains at SIGTERM.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v4/pgxpool"
)

// As many connections to PostgreSQL as the customer service has: two loops with four each.
const connectionsMax = 8

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: yardstick DSN CERTIFICATE.pem KEY.pem")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(dsn, certificate, key string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	pool, err := openPool(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	service := &service{pool: pool, sessions: newSessions(pool)}
	server := &http.Server{
		Handler:           service.routes(),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS13},
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)

	drained := make(chan error, 1)
	go func() {
		<-ctx.Done()
		limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		drained <- server.Shutdown(limit)
	}()
	if err := server.ServeTLS(listener, certificate, key); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}

// openPool connects. pgx prepares each statement once on each connection and keeps it.
func openPool(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns = connectionsMax
	config.MinConns = connectionsMax
	config.ConnConfig.RuntimeParams["application_name"] = "yardstick"
	config.ConnConfig.RuntimeParams["statement_timeout"] = "30s"
	return pgxpool.ConnectConfig(ctx, config)
}
