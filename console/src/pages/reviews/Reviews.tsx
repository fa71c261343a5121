/** Access reviews: when everybody's roles were last looked at, and what nobody needed since. */
import { Anchor, Badge, Button, Table, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type Schemas, api, ask } from "../../api/client";
import { reviewsQuery } from "../../api/queries";
import { useKeys } from "../../app/keys";
import { useMay } from "../../app/session";
import { Fresh } from "../../app/SignInAgain";
import { brief, count } from "../../lib/format";
import { step } from "../../lib/rows";
import { Page, Section } from "../../ui/Page";
import { Rows } from "../../ui/Rows";
import { SayWhy } from "../../ui/SayWhy";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";
import { Unused } from "./Unused";

type Review = Schemas["Review"];

export function Reviews() {
  const search = useSearch({ from: "/reviews" });
  const navigate = useNavigate({ from: "/reviews" });
  const client = useQueryClient();
  const query = useQuery(reviewsQuery);
  const signs = useMay("review:sign");
  const isOpen = query.data?.items.some((review) => review.ended_ms === null) ?? true;
  const close = () => void navigate({ search: {}, replace: true });
  useKeys({ j: () => step("[data-review]", 1), k: () => step("[data-review]", -1) });
  return (
    <Page
      title="Reviews"
      lead={query.data ? <Next next={query.data.next_ms} isOpen={isOpen} /> : "Who still needs what they hold"}
      actions={
        signs &&
        !isOpen && (
          <Button
            size="sm"
            leftSection={<IconPlus size={16} />}
            onClick={() => void navigate({ search: { do: "open" } })}
          >
            Open a review
          </Button>
        )
      }
    >
      <Section title="All reviews">
        <Asked
          query={query}
          loading={<Loading rows={4} />}
          empty={({ items }) =>
            items.length === 0 && (
              <Empty title="No review yet">
                In a review, everything that people and services hold is confirmed by somebody else, or taken away.
              </Empty>
            )
          }
        >
          {({ items }) => (
            <Rows
              label="Reviews"
              columns={["Review", "Opened", "Roles", "Not decided", "Taken", "Ends"]}
              wide={680}
              hover
            >
              {items.map((review) => (
                <Row key={review.id} review={review} />
              ))}
            </Rows>
          )}
        </Asked>
      </Section>
      <Section title="What nobody needed">
        <Unused />
      </Section>
      {search.do === "open" && signs && (
        <Fresh close={close}>
          <SayWhy
            title="Open a review?"
            label="Why now"
            act="Open it"
            does={async (why) => {
              const opened = await ask(api.POST("/api/v1/reviews", { body: { why } }));
              await client.invalidateQueries({ queryKey: reviewsQuery.queryKey });
              return opened;
            }}
            done={(opened) => void navigate({ to: "/reviews/$id", params: { id: opened.id }, replace: true })}
            close={close}
          >
            Everything that is held now is in it. What nobody confirms until its end is taken away, but for the last
            administrator&apos;s role.
          </SayWhy>
        </Fresh>
      )}
    </Page>
  );
}

function Next({ next, isOpen }: { next: number | null; isOpen: boolean }) {
  if (isOpen) return "One is open";
  if (next === null) return "Who still needs what they hold";
  return (
    <>
      The next one opens by itself <When ms={next} />
    </>
  );
}

function Row({ review }: { review: Review }) {
  return (
    <Table.Tr>
      <Table.Td miw={180}>
        <Anchor
          size="sm"
          fw={600}
          c="inherit"
          className="rf-outside"
          data-review={review.id}
          renderRoot={(props) => <Link to="/reviews/$id" params={{ id: review.id }} {...props} />}
        >
          {brief(review.why, 80)}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <When ms={review.opened_ms} />
        <Text size="xs" c="dimmed" className="rf-outside">
          {review.opened_by_name === null ? "by itself" : `by ${brief(review.opened_by_name)}`}
        </Text>
      </Table.Td>
      <Table.Td className="rf-num">{count(review.items)}</Table.Td>
      <Table.Td className="rf-num">{count(review.undecided)}</Table.Td>
      <Table.Td className="rf-num">{count(review.taken)}</Table.Td>
      <Table.Td>
        <StateOf review={review} />
      </Table.Td>
    </Table.Tr>
  );
}

/** Where a review stands, in words. */
export function StateOf({ review }: { review: Review }) {
  if (review.ended_ms === null)
    return (
      <Badge variant="default" tt="none" miw="max-content" data-state="open">
        open, ends <When ms={review.due_ms} />
      </Badge>
    );
  return (
    <Badge variant="default" tt="none" miw="max-content" data-state={review.outcome ?? ""}>
      {review.outcome === "signed" ? `signed by ${brief(review.ended_by_name ?? "somebody")}` : "its time was over"}{" "}
      <When ms={review.ended_ms} />
    </Badge>
  );
}
