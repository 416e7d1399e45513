#!/bin/sh
# Fills in the properties from the environment, formats a disk that is new, and becomes the broker.
set -eu
properties=/var/lib/kafka/server.properties
java() {
    exec /opt/jre/bin/java -Xmx"$HEAP" -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError \
        --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED \
        -Dorg.slf4j.simpleLogger.logFile=System.out -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
        -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
        -cp '/opt/kafka/*' "$@"
}
cp /opt/server.properties "$properties"
for name in NODE_ID VOTERS LOG_DIRS CLIENT_LISTENS CLUSTER_LISTENS CONTROLLER_LISTENS \
    CLIENT_ADDRESS CLUSTER_ADDRESS KEYSTORE TRUSTSTORE; do
    eval "value=\${$name:?is not set}"
    sed -i "s|\${$name}|$value|g" "$properties"
done
if [ ! -f "$LOG_DIRS/meta.properties" ]; then
    # Java lists its arguments to nobody here but this container's own user.
    password=$(cat "${ADMIN_PASSWORD_FILE:?is not set}")
    (java kafka.tools.StorageTool format --cluster-id "${CLUSTER_ID:?is not set}" -c "$properties" \
        --add-scram "SCRAM-SHA-512=[name=kafka-admin,password=$password]") >/dev/null
fi
java kafka.Kafka "$properties"
