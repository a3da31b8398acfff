// The container-credentials server that a tool in Go comes to by net/http alone: a token compared in constant time, and the
// credentials written as JSON. aws-vault's `exec --ecs-server` is of this kind (server/ecsserver.go): what it does beside,
// looking whether its credentials are fresh, costs little.
package main

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// credentials are such as nobody takes for real ones, as long as real ones are.
type credentials struct {
	AccessKeyId, SecretAccessKey, Token, Expiration, RoleArn string
}

func main() {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	token := hex.EncodeToString(secret)
	var lock sync.Mutex
	held := credentials{
		"ASIAEXAMPLEEXAMPLE00", fmt.Sprintf("%040d", 0), fmt.Sprintf("%0400d", 0), "", "arn:aws:iam::123456789012:role/r",
	}
	expires := time.Now().Add(time.Hour)
	http.HandleFunc("/", func(answer http.ResponseWriter, asked *http.Request) {
		if subtle.ConstantTimeCompare([]byte(asked.Header.Get("Authorization")), []byte(token)) != 1 {
			answer.WriteHeader(http.StatusForbidden)
			return
		}
		lock.Lock()
		found := held
		lock.Unlock()
		found.Expiration = expires.UTC().Format("2006-01-02T15:04:05Z")
		answer.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(answer).Encode(found)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://%s/\nAWS_CONTAINER_AUTHORIZATION_TOKEN=%s\n", listener.Addr(), token)
	_ = http.Serve(listener, nil)
}
