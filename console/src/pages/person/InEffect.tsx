/** What all roles of somebody come to, by the policies in force. */
import { List, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { accessOfQuery } from "../../api/queries";
import { programWords } from "../../lib/roles";
import { Asked, Loading } from "../../ui/States";
import { whenWords } from "../access/WhoCan";

export function InEffect({ id }: { id: string }) {
  const query = useQuery(accessOfQuery(id));
  return (
    <Asked query={query} loading={<Loading rows={2} />}>
      {({ items }) => {
        const programs = [...new Set(items.map((item) => item.program))];
        if (programs.length === 0) return null;
        return programs.map((program) => {
          const there = items.filter((item) => item.program === program);
          return (
            <details key={program} style={{ marginTop: 8 }}>
              <summary style={{ cursor: "pointer" }}>
                <Text span size="sm">
                  In {programWords(program)} that comes to {there.length} rights
                </Text>
              </summary>
              <List size="sm" mt={4} spacing={2}>
                {there.map((item) => (
                  <List.Item key={item.action}>
                    {item.words}
                    {item.when !== "always" && (
                      <Text span c="dimmed" size="sm">
                        {" "}
                        ({whenWords(item.when)})
                      </Text>
                    )}
                  </List.Item>
                ))}
              </List>
            </details>
          );
        });
      }}
    </Asked>
  );
}
