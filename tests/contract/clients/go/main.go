// An ordinary program on the AWS SDK for Go v2: who am I, for SECONDS (0: once), with one client.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	seconds, err := strconv.ParseFloat(os.Args[1], 64)
	if err != nil {
		log.Fatal(err)
	}
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client := sts.NewFromConfig(settings)
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for {
		identity, err := client.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(*identity.Arn)
		if !time.Now().Before(end) {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}
